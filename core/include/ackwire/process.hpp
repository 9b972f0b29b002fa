// What the library asks of the process it is in.
#pragma once

namespace ackwire {

/// Puts something harmless in the place of each standard descriptor (0, 1, 2) that is closed, so that no file, socket or eventfd
/// can get its number and then be read from or printed into. To the program they stay as they were: reading and writing fail with
/// EBADF, and a program that it executes finds them closed. Broker::open, Client::connect and verify do this by themselves; a
/// program that opens files before may call it first. Threads: any.
void keep_standard_descriptors() noexcept;

}  // namespace ackwire
