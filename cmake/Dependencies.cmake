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
  find_package(OpenMP REQUIRED COMPONENTS CXX)
  # Debian's package file for oneDNN insists on OpenCL, which is of no use here.
  find_path(DNNL_INCLUDE_DIR oneapi/dnnl/dnnl.hpp PATHS /usr/include NO_CMAKE_PREFIX_PATH REQUIRED)
  find_library(DNNL_LIBRARY dnnl REQUIRED)
  add_library(DNNL::dnnl UNKNOWN IMPORTED)
  set_target_properties(DNNL::dnnl PROPERTIES IMPORTED_LOCATION ${DNNL_LIBRARY}
                        INTERFACE_INCLUDE_DIRECTORIES ${DNNL_INCLUDE_DIR})
  find_package(OpenCV REQUIRED COMPONENTS core imgproc imgcodecs objdetect videoio)
  find_package(LibArchive REQUIRED)
  find_package(pugixml REQUIRED)
  find_package(PkgConfig REQUIRED)
  pkg_check_modules(MATIO REQUIRED IMPORTED_TARGET matio)
  pkg_check_modules(HDF5 REQUIRED IMPORTED_TARGET hdf5)
  find_package(benchmark REQUIRED)
  find_library(MIEN_LINEAR linear REQUIRED)
  find_path(MIEN_LINEAR_HEADERS linear.h REQUIRED)
  add_library(LIBLINEAR::linear UNKNOWN IMPORTED)
  set_target_properties(LIBLINEAR::linear PROPERTIES
    IMPORTED_LOCATION ${MIEN_LINEAR} INTERFACE_INCLUDE_DIRECTORIES ${MIEN_LINEAR_HEADERS})
endif()
if(NOT MIEN_LITE OR MIEN_FUZZERS)
  find_package(Eigen3 REQUIRED)
  # SuiteSparse before 6 has no CMake package.
  find_library(MIEN_CHOLMOD cholmod REQUIRED)
  find_path(MIEN_CHOLMOD_HEADERS suitesparse/cholmod.h REQUIRED)
  add_library(SuiteSparse::cholmod UNKNOWN IMPORTED)
  set_target_properties(SuiteSparse::cholmod PROPERTIES
    IMPORTED_LOCATION ${MIEN_CHOLMOD} INTERFACE_INCLUDE_DIRECTORIES ${MIEN_CHOLMOD_HEADERS})
endif()
