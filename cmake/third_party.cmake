# acq_third_party(TARGET MODULES... ARCHIVES... CALLS...): what TARGET gets of the system's libraries. With ACQ_STATIC
# they go into the programs, which then run where nothing is installed.
#   MODULES   their names for pkg-config
#   ARCHIVES  the same libraries as archives, and what they need themselves, in the order of linking
#   CALLS     functions whose linking shows that the archives are whole; if not, the shared libraries are taken

include(CheckCSourceCompiles)
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

# acq_find_archives(RESULT NAME...): their files, or nothing when one is missing
function(acq_find_archives result)
    set(files "")
    foreach(name IN LISTS ARGN)
        find_library(acq_archive_${name} NAMES "lib${name}.a")
        mark_as_advanced(acq_archive_${name})
        if(NOT acq_archive_${name})
            message(STATUS "lib${name}.a is missing: the shared library is taken, and what needs it")
            set(${result} "" PARENT_SCOPE)
            return()
        endif()
        list(APPEND files "${acq_archive_${name}}")
    endforeach()
    set(${result} "${files}" PARENT_SCOPE)
endfunction()

# acq_archives_link(RESULT FILES CALLS): does a program that calls these functions link with these archives alone?
function(acq_archives_link result files calls)
    string(REGEX REPLACE "([^;]+);?" "char \\1(void);" declared "${calls}")
    string(REGEX REPLACE "([^;]+);?" "+ \\1()" called "${calls}")
    set(CMAKE_REQUIRED_LIBRARIES ${files} Threads::Threads m ${CMAKE_DL_LIBS})
    set(CMAKE_REQUIRED_FLAGS "-w")
    check_c_source_compiles("${declared} int main(void) { return 0 ${called}; }" ${result})
    set(${result} "${${result}}" PARENT_SCOPE)
endfunction()

function(acq_third_party target)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "MODULES;ARCHIVES;CALLS")
    pkg_check_modules(${target}_shared REQUIRED IMPORTED_TARGET ${arg_MODULES})
    if(ACQ_STATIC)
        acq_find_archives(files ${arg_ARCHIVES})
        if(files)
            acq_archives_link(${target}_links "${files}" "${arg_CALLS}")
        endif()
    endif()
    if(ACQ_STATIC AND files AND ${target}_links)
        target_include_directories(${target} SYSTEM INTERFACE ${${target}_shared_INCLUDE_DIRS})
        target_link_libraries(${target} INTERFACE ${files})
    else()
        target_link_libraries(${target} INTERFACE PkgConfig::${target}_shared)
    endif()
    target_link_libraries(${target} INTERFACE Threads::Threads m ${CMAKE_DL_LIBS})
endfunction()
