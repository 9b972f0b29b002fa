// The broker's answers as JSON objects, with every field they have, and the views that choose table columns from them.
#pragma once

#include "ackwire/connection.hpp"
#include "output/output.hpp"

namespace ackwire::cli {

Json describe(const GroupInfo& group);
Json describe(const QueueInfo& queue);
Json describe(const BrokerStats& stats);
Json describe(const PeekedMessage& message);
Json describe(const DeadLetter& letter);
Json describe(const Delivery& delivery);
Json describe(const Job& job);

View queue_view();   ///< queue ls, stats
View detail_view();  ///< queue info, create, set
View group_view();
View peek_view();
View dead_view();
View dead_detail_view();
View job_view();
View broker_view();

}  // namespace ackwire::cli
