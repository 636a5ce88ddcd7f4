# How everything of ours is compiled: C11, warnings, sanitizers. One interface target, acq_flags, carries it.

option(ACQ_WERROR "Warnings are errors" OFF)
option(ACQ_SANITIZE "Address and undefined-behaviour sanitizers" OFF)
option(ACQ_FUZZ "Build tests/fuzz as libFuzzer programs (clang)" OFF)
option(ACQ_BENCH "Build bench/" OFF)

if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "Release or Debug" FORCE)
endif()
set(CMAKE_C_FLAGS_RELEASE "-O2") # assertions stay in all builds: they cost nothing that matters here
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g")
set(CMAKE_C_FLAGS_DEBUG "-O1 -g")
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}")

add_library(acq_flags INTERFACE)
set(acq_warnings -Wall -Wextra -Wpedantic -Wshadow -Wconversion)
if(WIN32)
    list(APPEND acq_warnings -Wno-float-conversion) # MinGW's isfinite() and its like hand every double to a float branch
endif()
if(ACQ_WERROR)
    list(APPEND acq_warnings -Werror)
endif()
target_compile_options(acq_flags INTERFACE "$<$<COMPILE_LANGUAGE:C>:${acq_warnings}>")
target_compile_definitions(acq_flags INTERFACE "ACQ_VERSION_TEXT=\"${PROJECT_VERSION}\"")

if(WIN32)
    target_compile_definitions(acq_flags INTERFACE
        _WIN32_WINNT=0x0A00 UNICODE _UNICODE __USE_MINGW_ANSI_STDIO=1)
    target_link_options(acq_flags INTERFACE -static)
else()
    target_compile_definitions(acq_flags INTERFACE _GNU_SOURCE)
    target_link_options(acq_flags INTERFACE -Wl,--as-needed) # a program starts with the libraries that it calls
endif()

if(ACQ_SANITIZE OR ACQ_FUZZ)
    set(acq_sanitizers -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
    if(ACQ_FUZZ)
        list(APPEND acq_sanitizers -fsanitize=fuzzer-no-link)
    endif()
    target_compile_options(acq_flags INTERFACE ${acq_sanitizers})
    target_link_options(acq_flags INTERFACE ${acq_sanitizers})
endif()
