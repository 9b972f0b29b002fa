// Everything: #include <ackwire/ackwire.hpp>
#pragma once

#include "ackwire/broker.hpp"
#include "ackwire/client.hpp"
#include "ackwire/compact.hpp"
#include "ackwire/connection.hpp"
#include "ackwire/consumer.hpp"
#include "ackwire/dead_letter.hpp"
#include "ackwire/error.hpp"
#include "ackwire/limits.hpp"
#include "ackwire/log.hpp"
#include "ackwire/message.hpp"
#include "ackwire/process.hpp"
#include "ackwire/queue.hpp"
#include "ackwire/settings.hpp"
#include "ackwire/stats.hpp"
#include "ackwire/units.hpp"
#include "ackwire/version.hpp"
