// One entry a noun: adds its commands to the command line.
#pragma once

#include "frame/options.hpp"

namespace ackwire::cli {

void add_serve(CLI::App& root, Invocation& invocation);
void add_queue(CLI::App& root, Invocation& invocation);
void add_group(CLI::App& root, Invocation& invocation);
void add_pub(CLI::App& root, Invocation& invocation);
void add_sub(CLI::App& root, Invocation& invocation);
void add_peek(CLI::App& root, Invocation& invocation);
void add_dlq(CLI::App& root, Invocation& invocation);
void add_job(CLI::App& root, Invocation& invocation);
void add_request(CLI::App& root, Invocation& invocation);
void add_stats(CLI::App& root, Invocation& invocation);
void add_backup(CLI::App& root, Invocation& invocation);
void add_restore(CLI::App& root, Invocation& invocation);
void add_verify(CLI::App& root, Invocation& invocation);
void add_compact(CLI::App& root, Invocation& invocation);
void add_bench(CLI::App& root, Invocation& invocation);
void add_version(CLI::App& root, Invocation& invocation);

}  // namespace ackwire::cli
