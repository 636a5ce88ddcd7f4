# How everything of ours is compiled: C11, warnings, sanitizers. One interface target, acq_flags, carries it.

option(ACQ_WERROR "Warnings are errors" OFF)
option(ACQ_SANITIZE "Address and undefined-behaviour sanitizers" OFF)
option(ACQ_FUZZ "Build tests/fuzz as libFuzzer programs (clang)" OFF)
option(ACQ_BENCH "Build bench/" OFF)
option(ACQ_STATIC "Third-party libraries go into the programs, where they are there as archives" OFF)

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
target_compile_definitions(acq_flags INTERFACE "ACQ_VERSION_TEXT=\"${PROJECT_VERSION}\"")
if(WIN32)
    target_compile_definitions(acq_flags INTERFACE _WIN32_WINNT=0x0A00 UNICODE _UNICODE)
else()
    target_compile_definitions(acq_flags INTERFACE _GNU_SOURCE)
endif()

# Reproducible: the same sources give the same bytes, whatever folder they lie in and whenever they are built.
if(MSVC) # clang-cl; cl itself lacks what the sources take from gcc and clang
    set(CMAKE_MSVC_RUNTIME_LIBRARY "MultiThreaded$<$<CONFIG:Debug>:Debug>$<$<NOT:$<BOOL:${ACQ_STATIC}>>:DLL>")
    set(acq_warnings /W4 -Wno-unused-parameter)
    set(acq_werror /WX)
    target_compile_options(acq_flags INTERFACE "$<$<COMPILE_LANGUAGE:C>:/utf-8;/Brepro>")
    target_compile_definitions(acq_flags INTERFACE _CRT_SECURE_NO_WARNINGS _CRT_NONSTDC_NO_WARNINGS)
    target_link_options(acq_flags INTERFACE /Brepro)
else()
    set(acq_warnings -Wall -Wextra -Wpedantic -Wshadow -Wconversion)
    set(acq_werror -Werror)
    target_compile_options(acq_flags INTERFACE "$<$<COMPILE_LANGUAGE:C>:-ffile-prefix-map=${CMAKE_SOURCE_DIR}/=>")
    set(CMAKE_C_ARCHIVE_CREATE "<CMAKE_AR> qcD <TARGET> <LINK_FLAGS> <OBJECTS>") # D: no times and owners in it
endif()
if(MINGW)
    list(APPEND acq_warnings -Wno-float-conversion) # MinGW's isfinite() and its like hand every double to a float branch
    target_compile_definitions(acq_flags INTERFACE __USE_MINGW_ANSI_STDIO=1)
    target_link_options(acq_flags INTERFACE
        -Wl,--dynamicbase,--nxcompat,--high-entropy-va # anywhere in memory, no code in data
        -Wl,--no-insert-timestamp
        $<$<CONFIG:Release>:-s>)
    if(CMAKE_CROSSCOMPILING OR ACQ_STATIC)
        target_link_options(acq_flags INTERFACE -static)
    endif()
elseif(NOT WIN32)
    target_link_options(acq_flags INTERFACE -Wl,--as-needed) # a program starts with the libraries that it calls
endif()
if(ACQ_WERROR)
    list(APPEND acq_warnings ${acq_werror})
endif()
target_compile_options(acq_flags INTERFACE "$<$<COMPILE_LANGUAGE:C>:${acq_warnings}>")

if(ACQ_SANITIZE OR ACQ_FUZZ)
    set(acq_sanitizers -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
    if(ACQ_FUZZ)
        list(APPEND acq_sanitizers -fsanitize=fuzzer-no-link)
    endif()
    target_compile_options(acq_flags INTERFACE ${acq_sanitizers})
    target_link_options(acq_flags INTERFACE ${acq_sanitizers})
endif()
