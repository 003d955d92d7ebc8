# Every third-party library, found in one place. ci/install.sh names the Debian packages.
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
find_package(Boost REQUIRED)  # Boost.Math, headers only
find_package(SQLite3 REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(CLI11 REQUIRED)
find_package(Threads REQUIRED)
if(MIEN_TESTS)
  find_package(GTest REQUIRED)
endif()
if(NOT MIEN_LITE)
  # We compile no CUDA source; naming one architecture keeps a CUDA LibTorch from probing for a GPU.
  if(NOT DEFINED ENV{TORCH_CUDA_ARCH_LIST})
    set(ENV{TORCH_CUDA_ARCH_LIST} "9.0")
  endif()
  find_package(Torch REQUIRED)
  if(MIEN_CUDA AND NOT TORCH_CUDA_LIBRARIES)
    unset(Torch_DIR CACHE)  # so that the next attempt looks again
    message(FATAL_ERROR "LibTorch at ${TORCH_INSTALL_PREFIX} has no CUDA: set MIEN_TORCH to the CMake "
                        "folder of one that has (ci/torch_cuda.sh prints it), or use another preset")
  endif()
  find_package(OpenCV REQUIRED COMPONENTS core imgproc imgcodecs objdetect videoio)
  find_package(LibArchive REQUIRED)
  find_package(pugixml REQUIRED)
  find_package(benchmark REQUIRED)
endif()
