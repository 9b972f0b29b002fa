// SPDX-License-Identifier: GPL-3.0-only
#include "pages/notice_page.hpp"

#include <QFontDatabase>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPainter>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QVBoxLayout>

#include "text/format.hpp"
#include "theme.hpp"

namespace ackwire::dashboard {
namespace {

constexpr int column_width = 620;
constexpr int sign_size = 26;

QLabel* plain_label(const char* object_name, QWidget* parent) {
  auto* label = new QLabel(parent);
  label->setObjectName(QLatin1String(object_name));
  label->setTextFormat(Qt::PlainText);
  label->setWordWrap(true);
  label->setTextInteractionFlags(Qt::TextSelectableByMouse);
  return label;
}

}  // namespace

NoticePage::NoticePage(QWidget* parent)
    : QWidget(parent),
      title_(plain_label("notice_title", this)),
      text_(plain_label("notice_text", this)),
      commands_(new QPlainTextEdit(this)),
      elsewhere_(new QWidget(this)),
      endpoint_(new QLineEdit(elsewhere_)),
      connect_(new QPushButton(tr("&Connect"), elsewhere_)) {
  setObjectName(QStringLiteral("notice_page"));
  QFont large = title_->font();
  large.setPointSizeF(large.pointSizeF() * 1.5);
  large.setWeight(QFont::DemiBold);
  title_->setFont(large);
  commands_->setObjectName(QStringLiteral("notice_commands"));
  commands_->setAccessibleName(tr("Commands to copy"));
  commands_->setReadOnly(true);
  commands_->setTabChangesFocus(true);
  commands_->setFont(QFontDatabase::systemFont(QFontDatabase::FixedFont));
  commands_->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
  endpoint_->setObjectName(QStringLiteral("notice_endpoint"));
  endpoint_->setAccessibleName(tr("Endpoint of a broker"));
  connect_->setObjectName(QStringLiteral("notice_connect"));
  auto* row = new QHBoxLayout(elsewhere_);
  row->setContentsMargins(0, 0, 0, 0);
  auto* label = new QLabel(tr("&Endpoint"), elsewhere_);
  label->setBuddy(endpoint_);
  row->addWidget(label);
  row->addWidget(endpoint_, 1);
  row->addWidget(connect_);
  const auto go = [this] {
    if (!endpoint_->text().trimmed().isEmpty()) emit connect_wanted(endpoint_->text().trimmed());
  };
  connect(connect_, &QPushButton::clicked, this, go);
  connect(endpoint_, &QLineEdit::returnPressed, this, go);

  auto* inner = new QVBoxLayout;
  inner->setSpacing(14);
  for (QWidget* widget : std::initializer_list<QWidget*>{title_, text_, commands_, elsewhere_}) {
    widget->setFixedWidth(column_width);
    inner->addWidget(widget);
  }
  auto* outer = new QVBoxLayout(this);
  outer->addStretch(2);
  auto* middle = new QHBoxLayout;
  middle->addStretch(1);
  middle->addLayout(inner);
  middle->addStretch(1);
  outer->addLayout(middle);
  outer->addStretch(3);
}

void NoticePage::say(Level level, const QString& title, const QString& text, const QString& commands, const QString& endpoint) {
  level_ = level;
  const QString shown = title_->fontMetrics().elidedText(title, Qt::ElideMiddle, column_width);
  title_->setText(shown);
  title_->setToolTip(shown == title ? QString() : tip(title));
  text_->setText(text);
  setAccessibleName(title + QStringLiteral(". ") + text);
  if (commands_->toPlainText() != commands) commands_->setPlainText(commands);
  commands_->setVisible(!commands.isEmpty());
  const auto lines = commands.count(u'\n') + 1;
  commands_->setFixedHeight(static_cast<int>(lines * QFontMetrics(commands_->font()).lineSpacing()) + 18);
  elsewhere_->setVisible(!endpoint.isEmpty());
  if (!endpoint_->hasFocus() && !endpoint.isEmpty()) endpoint_->setText(endpoint);
  update();
}

QString NoticePage::title() const { return title_->text(); }

void NoticePage::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  const QPoint at = title_->geometry().topLeft();
  paint_level_sign(painter, QRectF(at.x() - sign_size - 14, at.y() + (title_->height() - sign_size) / 2.0, sign_size, sign_size),
                   level_);
}

}  // namespace ackwire::dashboard
