# Third-party libraries, found once, under one spelling each.
include(GNUInstallDirs)
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)

function(ackwire_pkg target module)
  pkg_check_modules(${target} REQUIRED IMPORTED_TARGET GLOBAL ${module})
  add_library(deps::${target} ALIAS PkgConfig::${target})
endfunction()

ackwire_pkg(lmdb lmdb)
ackwire_pkg(zmq libzmq>=4.3.4)
ackwire_pkg(sodium libsodium)
ackwire_pkg(xxhash libxxhash)
ackwire_pkg(deflate libdeflate)
find_package(nlohmann_json 3.11 REQUIRED)
