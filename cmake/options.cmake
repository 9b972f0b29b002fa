# Compiler settings that hold for every target of the project.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo)
endif()

# Lines for backtraces and profiles; the rest of the debugging information takes a third of the time of a build.
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1 -DNDEBUG")

find_program(CCACHE ccache)
if(CCACHE)
  # All build directories share what is compiled alike, the wheel's among them.
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env CCACHE_NOHASHDIR=1 "CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}" "${CCACHE}")
endif()

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wno-missing-field-initializers)
add_compile_options(-fstack-protector-strong "$<$<NOT:$<CONFIG:Debug>>:-D_FORTIFY_SOURCE=2>")
add_link_options(-Wl,-z,relro,-z,now)

if(ACKWIRE_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

if(ACKWIRE_SANITIZE)
  add_compile_options("-fsanitize=${ACKWIRE_SANITIZE}" -fno-omit-frame-pointer -fno-sanitize-recover=all -U_FORTIFY_SOURCE)
  if(ACKWIRE_SANITIZE MATCHES undefined)
    # A null pointer or a freed object is seen by the address sanitizer as well; these take a third of the time of a build.
    add_compile_options(-fno-sanitize=null,object-size,vptr)
  endif()
  add_link_options("-fsanitize=${ACKWIRE_SANITIZE}")
endif()
