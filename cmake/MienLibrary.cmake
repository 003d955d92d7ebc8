# mien_library(name SOURCES ... USES ... [GUESTS ...]): the only way a library is made here.
# USES are our own floors below (public); GUESTS are third-party targets (private).
function(mien_library name)
  cmake_parse_arguments(LIB "" "" "SOURCES;USES;GUESTS" ${ARGN})
  add_library(mien_${name} STATIC ${LIB_SOURCES})
  target_link_libraries(mien_${name} PUBLIC ${LIB_USES} PRIVATE ${LIB_GUESTS})
  target_include_directories(mien_${name} PUBLIC ${PROJECT_SOURCE_DIR})
  mien_flags(mien_${name})
endfunction()

# mien_program(name SOURCES ... USES ...): a program that is installed.
function(mien_program name)
  cmake_parse_arguments(PROGRAM "" "" "SOURCES;USES" ${ARGN})
  add_executable(${name} ${PROGRAM_SOURCES})
  target_link_libraries(${name} PRIVATE ${PROGRAM_USES})
  mien_flags(${name})
  if(MIEN_PORTABLE)
    # What archives define must not take the place of what LibTorch's libraries bring along.
    target_link_options(${name} PRIVATE
      LINKER:--exclude-libs,libsqlite3.a:libcrypto.a:libyaml-cpp.a:liblinear.a)
    set_target_properties(${name} PROPERTIES INSTALL_RPATH $ORIGIN/../lib)
  endif()
  install(TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT ${name})
endfunction()

function(mien_flags target)
  # A compiler that fuses multiplication and addition would draw other stand-ins and give other
  # figures on other machines.
  target_compile_options(${target} PRIVATE -Wall -Wextra -ffp-contract=off)
  if(MIEN_SANITIZE)
    target_compile_options(${target} PUBLIC -fsanitize=${MIEN_SANITIZE} -fno-omit-frame-pointer)
    target_link_options(${target} PUBLIC -fsanitize=${MIEN_SANITIZE})
  endif()
endfunction()

# mien_torch_headers(target): the precompiled torch headers of mien_models. They are made with -fPIC, and GCC takes
# them only with the same option, so programs get it in place of -fPIE.
function(mien_torch_headers target)
  target_precompile_headers(${target} REUSE_FROM mien_models)
  target_compile_options(${target} PRIVATE -fPIC)
endfunction()
