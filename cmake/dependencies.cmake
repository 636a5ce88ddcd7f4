# What we build on. Native libraries come from the system by pkg-config; tools/setup.sh puts the rest (DuckDB, the
# Windows libraries) into a cache and leaves a link to each part in build/parts.

set(ACQ_PARTS "${CMAKE_SOURCE_DIR}/build/parts" CACHE PATH "Where tools/setup.sh linked the third-party parts")

function(acq_need_part name file group)
    if(NOT EXISTS "${ACQ_PARTS}/${name}/${file}")
        message(FATAL_ERROR "${ACQ_PARTS}/${name}/${file} is missing: run tools/setup.sh ${group} first.")
    endif()
endfunction()

add_library(acq_deps_core INTERFACE)

if(WIN32)
    acq_need_part(windows lib/libnghttp2.a windows)
    target_include_directories(acq_deps_core SYSTEM INTERFACE "${ACQ_PARTS}/windows/include")
    target_link_directories(acq_deps_core INTERFACE "${ACQ_PARTS}/windows/lib")
    target_compile_definitions(acq_deps_core INTERFACE NGHTTP2_STATICLIB)
    target_link_libraries(acq_deps_core INTERFACE nghttp2 uv deflate z
        ws2_32 iphlpapi userenv psapi dbghelp user32 advapi32 shell32 ole32 winmm bcrypt)
    return()
endif()

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(acq_core_libs REQUIRED IMPORTED_TARGET libnghttp2 libuv libdeflate zlib)
target_link_libraries(acq_deps_core INTERFACE PkgConfig::acq_core_libs Threads::Threads m ${CMAKE_DL_LIBS})

add_library(acq_deps_tools INTERFACE)
pkg_check_modules(acq_tools_libs REQUIRED IMPORTED_TARGET cairo freetype2)
target_link_libraries(acq_deps_tools INTERFACE PkgConfig::acq_tools_libs)

# DuckDB is loaded at run time: its header is all that the build needs. The library is looked for beside the
# program first, then where the cache has it.
acq_need_part(duckdb duckdb.h build)
acq_need_part(duckdb libduckdb.so build)
file(REAL_PATH "${ACQ_PARTS}/duckdb" acq_duckdb)
target_include_directories(acq_deps_tools SYSTEM INTERFACE "${acq_duckdb}")
target_compile_definitions(acq_deps_tools INTERFACE "ACQ_DUCKDB_DEFAULT=\"${acq_duckdb}/libduckdb.so\"")
file(CREATE_LINK "${acq_duckdb}/libduckdb.so" "${CMAKE_BINARY_DIR}/libduckdb.so" SYMBOLIC)

# The font of the pictures lies inside the program, so they look the same on every machine.
set(acq_font_folders /usr/share/fonts/truetype/open-sans /usr/share/fonts/open-sans)
find_file(ACQ_FONT_REGULAR OpenSans-Regular.ttf PATHS ${acq_font_folders} NO_DEFAULT_PATH REQUIRED)
find_file(ACQ_FONT_BOLD OpenSans-Semibold.ttf PATHS ${acq_font_folders} NO_DEFAULT_PATH REQUIRED)
