# What we build on. Native libraries come from the system by pkg-config; tools/setup.sh puts the rest (DuckDB, the
# Windows libraries) into a cache and leaves a link to each part in build/parts.

set(ACQ_PARTS "${CMAKE_SOURCE_DIR}/build/parts" CACHE PATH "Where tools/setup.sh linked the third-party parts")

function(acq_need_part name file group)
    if(NOT EXISTS "${ACQ_PARTS}/${name}/${file}")
        message(FATAL_ERROR "${ACQ_PARTS}/${name}/${file} is missing: run tools/setup.sh ${group} first.")
    endif()
endfunction()

add_library(acq_deps_core INTERFACE)

# in every Windows, and what the libraries below need
set(acq_windows_system ws2_32 iphlpapi userenv psapi dbghelp user32 advapi32 shell32 ole32 winmm bcrypt crypt32)

if(WIN32 AND NOT CMAKE_CROSSCOMPILING)
    include(native_windows)
    return()
endif()

if(WIN32)
    acq_need_part(windows lib/libnghttp2.a windows)
    target_include_directories(acq_deps_core SYSTEM INTERFACE "${ACQ_PARTS}/windows/include")
    target_link_directories(acq_deps_core INTERFACE "${ACQ_PARTS}/windows/lib")
    target_compile_definitions(acq_deps_core INTERFACE NGHTTP2_STATICLIB)
    acq_need_part(windows-openssl lib/libssl.a windows)
    target_include_directories(acq_deps_core SYSTEM INTERFACE "${ACQ_PARTS}/windows-openssl/include")
    target_link_directories(acq_deps_core INTERFACE "${ACQ_PARTS}/windows-openssl/lib")
    target_link_libraries(acq_deps_core INTERFACE nghttp2 uv deflate z ssl crypto ${acq_windows_system})
    acq_need_part(windows-cairo lib/libcairo.a windows)
    add_library(acq_deps_tools INTERFACE)
    target_include_directories(acq_deps_tools SYSTEM INTERFACE
        "${ACQ_PARTS}/windows-cairo/include/cairo" "${ACQ_PARTS}/windows-cairo/include/freetype2")
    target_link_directories(acq_deps_tools INTERFACE "${ACQ_PARTS}/windows-cairo/lib")
    target_compile_definitions(acq_deps_tools INTERFACE CAIRO_WIN32_STATIC_BUILD)
    target_link_libraries(acq_deps_tools INTERFACE cairo pixman-1 freetype png z)
else()
    include(third_party)
    acq_third_party(acq_deps_core
        MODULES libnghttp2 libuv libdeflate zlib openssl
        ARCHIVES nghttp2 uv_a deflate z ssl crypto
        CALLS nghttp2_version uv_version libdeflate_crc32 zlibVersion SSL_CTX_new)
    add_library(acq_deps_tools INTERFACE)
    acq_third_party(acq_deps_tools
        MODULES cairo freetype2
        ARCHIVES cairo pixman-1 fontconfig expat freetype png16 brotlidec brotlicommon z
        CALLS cairo_image_surface_create cairo_surface_write_to_png_stream cairo_svg_surface_create_for_stream
            cairo_pdf_surface_create_for_stream cairo_ft_font_face_create_for_ft_face FT_New_Memory_Face)
endif()

# DuckDB is loaded at run time: its header is all that the build needs. The library is looked for beside the program.
acq_need_part(duckdb duckdb.h build)
file(REAL_PATH "${ACQ_PARTS}/duckdb" acq_duckdb)
target_include_directories(acq_deps_tools SYSTEM INTERFACE "${acq_duckdb}")
if(WIN32)
    acq_need_part(windows-duckdb duckdb.dll windows)
    file(REAL_PATH "${ACQ_PARTS}/windows-duckdb/duckdb.dll" acq_duckdb_library)
else()
    acq_need_part(duckdb libduckdb.so build)
    set(acq_duckdb_library "${acq_duckdb}/libduckdb.so")
endif()
get_filename_component(acq_duckdb_name "${acq_duckdb_library}" NAME)
file(MAKE_DIRECTORY "${CMAKE_BINARY_DIR}/tests")
foreach(folder "" tests/) # there are programs in both
    file(CREATE_LINK "${acq_duckdb_library}" "${CMAKE_BINARY_DIR}/${folder}${acq_duckdb_name}" COPY_ON_ERROR SYMBOLIC)
endforeach()

# The font of the pictures lies inside the program, so they look the same on every machine.
set(acq_font_folders /usr/share/fonts/truetype/open-sans /usr/share/fonts/open-sans)
find_file(ACQ_FONT_REGULAR OpenSans-Regular.ttf PATHS ${acq_font_folders} NO_DEFAULT_PATH NO_CMAKE_FIND_ROOT_PATH REQUIRED)
find_file(ACQ_FONT_BOLD OpenSans-Semibold.ttf PATHS ${acq_font_folders} NO_DEFAULT_PATH NO_CMAKE_FIND_ROOT_PATH REQUIRED)
