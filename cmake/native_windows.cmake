# Building on Windows itself: with the gcc of MSYS2, or with Visual Studio's clang-cl and vcpkg (docs/windows.md). Both
# have pkg-config files of all libraries; vcpkg.json brings pkgconf along. There are no parts of tools/setup.sh here, so
# two things have to be named:
#   ACQ_DUCKDB  the folder with duckdb.h and duckdb.dll, out of DuckDB's archive libduckdb-windows-amd64.zip
#   ACQ_FONTS   the folder with OpenSans-Regular.ttf and OpenSans-Semibold.ttf

set(ACQ_DUCKDB "" CACHE PATH "Where duckdb.h and duckdb.dll are")
set(ACQ_FONTS "" CACHE PATH "Where OpenSans-Regular.ttf and OpenSans-Semibold.ttf are")

if(DEFINED VCPKG_INSTALLED_DIR)
    find_program(PKG_CONFIG_EXECUTABLE NAMES pkgconf PATHS "${VCPKG_INSTALLED_DIR}/${VCPKG_HOST_TRIPLET}/tools/pkgconf"
        NO_DEFAULT_PATH)
endif()
find_package(PkgConfig REQUIRED)

# acq_windows_libraries(TARGET MODULE...): as DLLs, or with ACQ_STATIC as archives and what these need themselves
function(acq_windows_libraries target)
    pkg_check_modules(${target}_found REQUIRED IMPORTED_TARGET ${ARGN})
    if(NOT ACQ_STATIC)
        target_link_libraries(${target} INTERFACE PkgConfig::${target}_found)
        return()
    endif()
    target_include_directories(${target} SYSTEM INTERFACE ${${target}_found_STATIC_INCLUDE_DIRS})
    target_compile_options(${target} INTERFACE "$<$<COMPILE_LANGUAGE:C>:${${target}_found_STATIC_CFLAGS_OTHER}>")
    target_link_directories(${target} INTERFACE ${${target}_found_STATIC_LIBRARY_DIRS})
    target_link_libraries(${target} INTERFACE ${${target}_found_STATIC_LIBRARIES})
endfunction()

acq_windows_libraries(acq_deps_core libnghttp2 libuv libdeflate zlib openssl)
target_link_libraries(acq_deps_core INTERFACE ${acq_windows_system})
add_library(acq_deps_tools INTERFACE)
acq_windows_libraries(acq_deps_tools cairo freetype2)
if(ACQ_STATIC)
    target_compile_definitions(acq_deps_core INTERFACE NGHTTP2_STATICLIB)
    target_compile_definitions(acq_deps_tools INTERFACE CAIRO_WIN32_STATIC_BUILD)
endif()

# acq_need_file(FOLDER-VARIABLE FILE)
function(acq_need_file folder file)
    if(NOT EXISTS "${${folder}}/${file}")
        message(FATAL_ERROR "Name the folder that has ${file}: cmake -D${folder}=C:/... (docs/windows.md)")
    endif()
endfunction()

acq_need_file(ACQ_DUCKDB duckdb.h)
acq_need_file(ACQ_DUCKDB duckdb.dll)
target_include_directories(acq_deps_tools SYSTEM INTERFACE "${ACQ_DUCKDB}")
file(COPY "${ACQ_DUCKDB}/duckdb.dll" DESTINATION "${CMAKE_BINARY_DIR}") # beside the program, where it is looked for
acq_need_file(ACQ_FONTS OpenSans-Regular.ttf)
acq_need_file(ACQ_FONTS OpenSans-Semibold.ttf)
set(ACQ_FONT_REGULAR "${ACQ_FONTS}/OpenSans-Regular.ttf")
set(ACQ_FONT_BOLD "${ACQ_FONTS}/OpenSans-Semibold.ttf")
