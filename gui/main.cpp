// SPDX-License-Identifier: GPL-3.0-only
// ackwire-dashboard [ENDPOINT]
#include <ackwire/process.hpp>
#include <ackwire/version.hpp>

#include <QApplication>
#include <QCommandLineParser>
#include <QTextStream>
#include <cstdio>

#include "bridge/connection_source.hpp"
#include "main_window.hpp"
#include "screenshot.hpp"
#include "theme.hpp"

namespace {

using namespace ackwire::dashboard;

constexpr int exit_usage = 2;
constexpr QSize largest{7680, 4320};
const QString default_endpoint = QStringLiteral("tcp://127.0.0.1:7733");

bool has_argument(int argc, char** argv, std::string_view name) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == name || (argument.starts_with(name) && argument.substr(name.size()).starts_with('='))) return true;
  }
  return false;
}

int usage_error(const QString& what) {
  std::fprintf(stderr, "ackwire-dashboard: %s\nTry 'ackwire-dashboard --help'.\n", qPrintable(what));
  return exit_usage;
}

struct Options {
  const QCommandLineOption screenshot{QStringLiteral("screenshot"),
                                      QStringLiteral("Write a picture of the window to FILE (PNG) and exit; needs no display."),
                                      QStringLiteral("FILE")};
  const QCommandLineOption after{QStringLiteral("after"),
                                 QStringLiteral("With --screenshot: wait MS milliseconds after the first figures (default 1500)."),
                                 QStringLiteral("MS"), QStringLiteral("1500")};
  const QCommandLineOption wait{QStringLiteral("wait"),
                                QStringLiteral("With --screenshot: wait at most MS milliseconds for the broker (default 10000)."),
                                QStringLiteral("MS"), QStringLiteral("10000")};
  const QCommandLineOption disconnected{QStringLiteral("allow-disconnected"),
                                        QStringLiteral("With --screenshot: show the disconnected state instead of failing.")};
  const QCommandLineOption theme{QStringLiteral("theme"),
                                 QStringLiteral("system, light or dark (default system; light with --screenshot)."),
                                 QStringLiteral("THEME")};
  const QCommandLineOption queue{QStringLiteral("queue"), QStringLiteral("Show this queue alone."), QStringLiteral("NAME")};
  const QCommandLineOption page{QStringLiteral("page"), QStringLiteral("overview or dlq (default overview)."),
                                QStringLiteral("PAGE"), QStringLiteral("overview")};
  const QCommandLineOption range{QStringLiteral("range"), QStringLiteral("5m, 1h, 24h or 30d (default 5m)."),
                                 QStringLiteral("RANGE"), QStringLiteral("5m")};
  const QCommandLineOption size{QStringLiteral("size"), QStringLiteral("Size of the window, from 900x600 (default 1280x800)."),
                                QStringLiteral("WxH"), QStringLiteral("1280x800")};
};

std::optional<QSize> parse_size(const QString& text) {
  const auto parts = text.split(u'x');
  bool width_ok = false, height_ok = false;
  if (parts.size() != 2) return std::nullopt;
  const QSize size(parts[0].toInt(&width_ok), parts[1].toInt(&height_ok));
  const bool fits = width_ok && height_ok && size.boundedTo(largest) == size && size.expandedTo(MainWindow::smallest) == size;
  return fits ? std::optional(size) : std::nullopt;
}

std::optional<TimeRange> parse_range(const QString& text) {
  const QStringList names{QStringLiteral("5m"), QStringLiteral("1h"), QStringLiteral("24h"), QStringLiteral("30d")};
  const auto at = names.indexOf(text);
  return at < 0 ? std::nullopt : std::optional(static_cast<TimeRange>(at));
}

std::optional<ThemeMode> parse_theme(const QString& text) {
  if (text == QLatin1String("system")) return ThemeMode::system;
  if (text == QLatin1String("light")) return ThemeMode::light;
  if (text == QLatin1String("dark")) return ThemeMode::dark;
  return std::nullopt;
}

}  // namespace

int main(int argc, char** argv) {
  ackwire::keep_standard_descriptors();  // before Qt opens the display: what is printed must not end there
  const bool pictured = has_argument(argc, argv, "--screenshot");
  const bool display = qEnvironmentVariableIsSet("DISPLAY") || qEnvironmentVariableIsSet("WAYLAND_DISPLAY");
  // A picture, a help text and a version need no display; Qt would end the process for the lack of one.
  const bool words_only =
      has_argument(argc, argv, "--help") || has_argument(argc, argv, "-h") || has_argument(argc, argv, "--version");
  if (!display && (pictured || words_only) && !qEnvironmentVariableIsSet("QT_QPA_PLATFORM"))
    qputenv("QT_QPA_PLATFORM", "offscreen");

  QApplication app(argc, argv);
  QApplication::setApplicationName(QStringLiteral("ackwire-dashboard"));
  QApplication::setApplicationDisplayName(QStringLiteral("Ackwire"));
  QApplication::setDesktopFileName(QStringLiteral("org.ackwire.Dashboard"));
  const auto number = ackwire::version();
  QApplication::setApplicationVersion(QString::fromUtf8(number.data(), static_cast<qsizetype>(number.size())));

  const Options options;
  QCommandLineParser parser;
  parser.setApplicationDescription(QStringLiteral("A window on an Ackwire broker."));
  parser.addHelpOption();
  parser.addVersionOption();
  parser.addOptions({options.screenshot, options.after, options.wait, options.disconnected, options.theme, options.queue,
                     options.page, options.range, options.size});
  parser.addPositionalArgument(QStringLiteral("ENDPOINT"),
                               QStringLiteral("Where the broker listens (default %1).").arg(default_endpoint),
                               QStringLiteral("[ENDPOINT]"));
  if (!parser.parse(QApplication::arguments())) return usage_error(parser.errorText());
  if (parser.isSet(QStringLiteral("help"))) parser.showHelp();
  if (parser.isSet(QStringLiteral("version"))) parser.showVersion();
  const auto endpoints = parser.positionalArguments();
  if (endpoints.size() > 1) return usage_error(QStringLiteral("more than one ENDPOINT"));
  const auto size = parse_size(parser.value(options.size));
  if (!size) {
    return usage_error(QStringLiteral("--size wants WIDTHxHEIGHT, from %1x%2 to %3x%4")
                           .arg(MainWindow::smallest.width())
                           .arg(MainWindow::smallest.height())
                           .arg(largest.width())
                           .arg(largest.height()));
  }
  const auto mode =
      parse_theme(parser.isSet(options.theme) ? parser.value(options.theme) : QString::fromLatin1(pictured ? "light" : "system"));
  if (!mode) return usage_error(QStringLiteral("--theme wants system, light or dark"));
  const auto range = parse_range(parser.value(options.range));
  if (!range) return usage_error(QStringLiteral("--range wants 5m, 1h, 24h or 30d"));
  const QString page = parser.value(options.page);
  if (page != QLatin1String("overview") && page != QLatin1String("dlq"))
    return usage_error(QStringLiteral("--page wants overview or dlq"));
  ScreenshotOptions picture{.file = parser.value(options.screenshot), .allow_disconnected = parser.isSet(options.disconnected)};
  bool after_ok = false, wait_ok = false;
  picture.after_ms = parser.value(options.after).toInt(&after_ok);
  picture.wait_ms = parser.value(options.wait).toInt(&wait_ok);
  if (!after_ok || !wait_ok || picture.after_ms < 0 || picture.wait_ms < 0)
    return usage_error(QStringLiteral("--after and --wait want milliseconds"));

  ThemeSwitch themes;
  themes.set_mode(*mode);
  MainWindow window(
      endpoints.isEmpty() ? default_endpoint : endpoints.front(),
      [](const QString& endpoint) { return connection_factory(endpoint.toStdString()); }, &themes);
  window.resize(*size);
  if (page == QLatin1String("dlq")) window.show_page(MainWindow::dead_letters);
  window.set_range(*range);
  window.show_queue(parser.value(options.queue));
  window.show();
  window.start();
  Screenshot screenshot(window, picture);
  if (pictured) screenshot.start();
  return QApplication::exec();
}
