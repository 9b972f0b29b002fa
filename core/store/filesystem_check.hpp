// Is this directory fit for a store?
#pragma once

#include <filesystem>
#include <functional>
#include <string_view>

#include "ackwire/error.hpp"

namespace ackwire::store {

enum class FilesystemKind { durable, volatile_memory, remote };
/// By the magic number of statfs(2).
FilesystemKind filesystem_kind(long magic);

/// Refuses a directory that is not one, that belongs to another user, that everybody may write to, or that lies on a remote
/// file system (unless `unsafe_filesystem`). Warns about one in memory. `read_only`: root may look at anybody's.
Status check_directory(const std::filesystem::path& directory, bool unsafe_filesystem, bool read_only,
                       const std::function<void(std::string_view)>& warn);
/// Makes the directory with mode 0700 and syncs its parent. Nothing happens when it exists.
Status make_directory(const std::filesystem::path& directory);

}  // namespace ackwire::store
