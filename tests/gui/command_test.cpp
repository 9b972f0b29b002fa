// SPDX-License-Identifier: GPL-3.0-only
// The command as a script uses it: exit codes, messages, pictures.
#include <ackwire/broker.hpp>

#include <QImage>
#include <QProcess>
#include <QTemporaryDir>
#include <QtTest>

using namespace ackwire;

namespace {

constexpr int run_ms = 30'000;

struct Outcome {
  int code = -1;
  QString out, error;
};

Outcome run(const QStringList& arguments) {
  QProcess process;
  auto environment = QProcessEnvironment::systemEnvironment();
  for (const auto* name : {"DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"}) environment.remove(QLatin1String(name));
  process.setProcessEnvironment(environment);
  process.start(QStringLiteral(ACKWIRE_DASHBOARD), arguments);
  if (!process.waitForFinished(run_ms) || process.exitStatus() != QProcess::NormalExit) return {};
  return {process.exitCode(), QString::fromUtf8(process.readAllStandardOutput()),
          QString::fromUtf8(process.readAllStandardError())};
}

}  // namespace

class CommandTest : public QObject {
  Q_OBJECT

 private slots:
  void wrong_options_are_usage_errors_data();
  void wrong_options_are_usage_errors();
  void help_and_version_need_no_display();
  void no_broker_fails_with_a_sentence();
  void an_endpoint_that_cannot_work_is_told_without_advice_to_wait();
  void no_broker_can_be_pictured();
  void a_broker_is_pictured_without_a_display();
  void a_queue_that_is_missing_fails();
  void a_file_that_cannot_be_written_fails();

 private:
  QTemporaryDir directory_;
  QString file(const char* name) const { return directory_.filePath(QLatin1String(name)); }
};

void CommandTest::wrong_options_are_usage_errors_data() {
  QTest::addColumn<QStringList>("arguments");
  const auto row = [](const char* name, std::initializer_list<const char*> arguments) {
    QStringList list{QStringLiteral("--screenshot"), QStringLiteral("unused.png")};
    for (const auto* argument : arguments) list << QLatin1String(argument);
    QTest::newRow(name) << list;
  };
  row("unknown option", {"--colour"});
  row("size", {"--size", "big"});
  row("size below the least", {"--size", "899x600"});
  row("size above the greatest", {"--size", "7680x4321"});
  row("theme", {"--theme", "blue"});
  row("page", {"--page", "3"});
  row("range", {"--range", "1y"});
  row("after", {"--after", "soon"});
  row("two endpoints", {"tcp://127.0.0.1:1", "tcp://127.0.0.1:2"});
}

void CommandTest::wrong_options_are_usage_errors() {
  QFETCH(QStringList, arguments);
  const auto outcome = run(arguments);
  QCOMPARE(outcome.code, 2);
  QVERIFY(outcome.error.contains(QStringLiteral("ackwire-dashboard: ")));
  if (arguments.contains(QStringLiteral("--size"))) QVERIFY(outcome.error.contains(QStringLiteral("from 900x600 to 7680x4320")));
}

void CommandTest::help_and_version_need_no_display() {
  const auto help = run({QStringLiteral("--help")});
  QCOMPARE(help.code, 0);
  QVERIFY(help.out.contains(QStringLiteral("--screenshot")));
  const auto version = run({QStringLiteral("--version")});
  QCOMPARE(version.code, 0);
  QVERIFY(version.out.contains(QStringLiteral("0.1.0")));
}

void CommandTest::no_broker_fails_with_a_sentence() {
  const auto endpoint = QStringLiteral("ipc://") + file("nobody");
  const auto outcome =
      run({endpoint, QStringLiteral("--screenshot"), file("none.png"), QStringLiteral("--wait"), QStringLiteral("500")});
  QCOMPARE(outcome.code, 1);
  QVERIFY(outcome.error.contains(QStringLiteral("the broker cannot be reached")));
  QVERIFY(!QFile::exists(file("none.png")));
  QVERIFY(!outcome.error.contains(QStringLiteral("..")));
}

void CommandTest::an_endpoint_that_cannot_work_is_told_without_advice_to_wait() {
  for (const auto* endpoint : {"nonsense", "http://foo"}) {
    const auto outcome = run({QLatin1String(endpoint), QStringLiteral("--screenshot"), file("none.png")});
    QCOMPARE(outcome.code, 1);
    QVERIFY2(outcome.error.contains(QStringLiteral("this cannot work as asked: ")), qPrintable(outcome.error));
    QVERIFY2(!outcome.error.contains(QStringLiteral("ackwire serve")), qPrintable(outcome.error));
    QVERIFY2(!outcome.error.contains(QStringLiteral("..")), qPrintable(outcome.error));
  }
}

void CommandTest::no_broker_can_be_pictured() {
  const auto endpoint = QStringLiteral("ipc://") + file("nobody");
  const auto outcome =
      run({endpoint, QStringLiteral("--screenshot"), file("away.png"), QStringLiteral("--wait"), QStringLiteral("300"),
           QStringLiteral("--allow-disconnected"), QStringLiteral("--size"), QStringLiteral("1024x700")});
  QCOMPARE(outcome.code, 0);
  QCOMPARE(QImage(file("away.png")).size(), QSize(1024, 700));
}

void CommandTest::a_broker_is_pictured_without_a_display() {
  auto broker = Broker::open(file("store").toStdString());
  QVERIFY(broker);
  const auto endpoint = broker->listen("tcp://127.0.0.1:*");
  QVERIFY(endpoint);
  QVERIFY(broker->ensure_queue("orders"));
  QVERIFY(broker->publish("orders", Message{.body = "hello"}));
  for (const auto* page : {"overview", "dlq"}) {
    for (const auto* theme : {"light", "dark"}) {
      const auto picture = file("there.png");
      const auto outcome =
          run({QString::fromStdString(*endpoint), QStringLiteral("--screenshot"), picture, QStringLiteral("--after"),
               QStringLiteral("100"), QStringLiteral("--page"), QLatin1String(page), QStringLiteral("--theme"),
               QLatin1String(theme), QStringLiteral("--queue"), QStringLiteral("orders")});
      QVERIFY2(outcome.code == 0, qPrintable(outcome.error));
      const QImage image(picture);
      QCOMPARE(image.size(), QSize(1280, 800));
      const bool dark = QLatin1String(theme) == QLatin1String("dark");
      QCOMPARE(image.pixelColor(image.width() - 3, image.height() - 3).lightness() < 100, dark);
    }
  }
}

void CommandTest::a_queue_that_is_missing_fails() {
  auto broker = Broker::open(file("store3").toStdString());
  QVERIFY(broker);
  const auto endpoint = broker->listen("tcp://127.0.0.1:*");
  QVERIFY(endpoint);
  QVERIFY(broker->ensure_queue("orders"));
  const auto outcome = run({QString::fromStdString(*endpoint), QStringLiteral("--screenshot"), file("missing.png"),
                            QStringLiteral("--page"), QStringLiteral("dlq"), QStringLiteral("--queue"), QStringLiteral("nosuch")});
  QCOMPARE(outcome.code, 1);
  QVERIFY2(outcome.error.contains(QStringLiteral("there is no queue \"nosuch\"")), qPrintable(outcome.error));
  QVERIFY(!QFile::exists(file("missing.png")));
}

void CommandTest::a_file_that_cannot_be_written_fails() {
  auto broker = Broker::open(file("store2").toStdString());
  QVERIFY(broker);
  const auto endpoint = broker->listen("tcp://127.0.0.1:*");
  QVERIFY(endpoint);
  const auto outcome = run({QString::fromStdString(*endpoint), QStringLiteral("--screenshot"), file("no/such/folder.png"),
                            QStringLiteral("--after"), QStringLiteral("0")});
  QCOMPARE(outcome.code, 1);
  QVERIFY(outcome.error.contains(QStringLiteral("cannot write")));
}

QTEST_GUILESS_MAIN(CommandTest)
#include "command_test.moc"
