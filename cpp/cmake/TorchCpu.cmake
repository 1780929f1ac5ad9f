# The imported target torch_cpu: the part of a pip-installed torch that a CPU program needs.
#
# find_package(Torch) is not used: with the CUDA wheel it demands a CUDA toolkit on the build machine.
# A CPU program needs two libraries and two include folders, which both wheels have at the same place.

set(TORCH_ROOT "" CACHE PATH "The folder of the installed torch package (the one that holds lib/ and include/)")
set(TORCH_RUNPATH "${TORCH_ROOT}/lib" CACHE STRING "Where an executable looks for libtorch, last of all")

foreach(_part lib/libtorch_cpu.so lib/libc10.so include/torch/csrc/jit/api/module.h)
  if(NOT EXISTS "${TORCH_ROOT}/${_part}")
    message(FATAL_ERROR
      "TORCH_ROOT is '${TORCH_ROOT}', which has no ${_part}: pass -DTORCH_ROOT=<site-packages>/torch of a pip-installed torch")
  endif()
endforeach()

add_library(c10 SHARED IMPORTED)
set_target_properties(c10 PROPERTIES IMPORTED_LOCATION "${TORCH_ROOT}/lib/libc10.so")

add_library(torch_cpu SHARED IMPORTED)
set_target_properties(torch_cpu PROPERTIES IMPORTED_LOCATION "${TORCH_ROOT}/lib/libtorch_cpu.so")
# SYSTEM, as all include folders of imported targets: warnings are errors in our sources, not in torch's.
target_include_directories(torch_cpu INTERFACE
  "${TORCH_ROOT}/include"
  "${TORCH_ROOT}/include/torch/csrc/api/include")
target_link_libraries(torch_cpu INTERFACE c10)
# Messages name the headers' place within torch: the same executable comes out wherever torch lies.
target_compile_options(torch_cpu INTERFACE "-ffile-prefix-map=${TORCH_ROOT}/include/=")
# libtorch_cpu.so of the CUDA wheel needs CUDA libraries that its own RPATH finds when the program
# starts; the linker must not look for them.
target_link_options(torch_cpu INTERFACE "LINKER:--allow-shlib-undefined")
