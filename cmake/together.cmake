# Several files of a target are compiled as one, where what they include takes longer to read, and to compile once more, than they
# do themselves. Each must still include what it uses; the presets fuzz and tsan compile them one by one.
function(ackwire_compile_together target files)
  set_target_properties(${target} PROPERTIES UNITY_BUILD "${ACKWIRE_TOGETHER}" UNITY_BUILD_BATCH_SIZE ${files})
  # A class of a test has a base that only its file knows, which is seen as a header so.
  target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
endfunction()
