# Third-party libraries, found once, under one spelling each.
include(GNUInstallDirs)
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)

function(ackwire_pkg target module)
  # The prefix keeps the exported name apart from anything a project that uses Ackwire has found itself.
  pkg_check_modules(ackwire_${target} REQUIRED IMPORTED_TARGET GLOBAL ${module})
  add_library(deps::${target} ALIAS PkgConfig::ackwire_${target})
endfunction()

ackwire_pkg(lmdb lmdb)
ackwire_pkg(zmq libzmq>=4.3.4)
ackwire_pkg(sodium libsodium)
ackwire_pkg(xxhash libxxhash)
ackwire_pkg(deflate libdeflate)
find_package(nlohmann_json 3.11 REQUIRED)
