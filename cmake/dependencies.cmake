# Third-party libraries, found once, under one spelling each.
include(GNUInstallDirs)
find_package(Threads REQUIRED)

# Said when a package is missing: `pip install .` has nobody else to say it.
function(ackwire_require found what)
  if(NOT ${found})
    message(FATAL_ERROR "Ackwire needs ${what}, which is not installed. On Debian, `scripts/setup` in a clone installs everything. "
      "The library, the command and `pip install .` need:\n  apt-get install g++ pkg-config liblmdb-dev libzmq3-dev cppzmq-dev "
      "libsodium-dev libxxhash-dev libdeflate-dev nlohmann-json3-dev libcli11-dev libfmt-dev libspdlog-dev libtomlplusplus-dev "
      "python3-dev")
  endif()
endfunction()
find_package(PkgConfig QUIET)
ackwire_require(PKG_CONFIG_FOUND "pkg-config")

function(ackwire_pkg target module)
  # The prefix keeps the exported name apart from anything a project that uses Ackwire has found itself.
  pkg_check_modules(ackwire_${target} QUIET IMPORTED_TARGET GLOBAL ${module})
  ackwire_require(ackwire_${target}_FOUND "${module}")
  add_library(deps::${target} ALIAS PkgConfig::ackwire_${target})
endfunction()

ackwire_pkg(lmdb lmdb)
ackwire_pkg(zmq libzmq>=4.3.4)
ackwire_pkg(sodium libsodium)
ackwire_pkg(xxhash libxxhash)
ackwire_pkg(deflate libdeflate)
find_package(nlohmann_json 3.11 QUIET)
ackwire_require(nlohmann_json_FOUND "nlohmann-json 3.11")
find_path(ACKWIRE_CPPZMQ zmq.hpp)
ackwire_require(ACKWIRE_CPPZMQ "cppzmq (zmq.hpp)")
