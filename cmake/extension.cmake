# acq.duckdb_extension: what reads recordings, as one file that a DuckDB of any version loads. It needs the code anew, to
# be placed anywhere in memory; what it does not call is left out. libdeflate goes into it where the system has it as an
# archive, so that it runs where that is not installed; zlib is everywhere.

acq_sources(acq_extension_sources base frame record table)
add_library(acq_extension MODULE src/app/duckdb_extension.c src/app/extension_threads.c ${acq_extension_sources})
set_target_properties(acq_extension PROPERTIES
    PREFIX "" OUTPUT_NAME acq SUFFIX .duckdb_extension
    LIBRARY_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}"
    C_VISIBILITY_PRESET hidden)
target_include_directories(acq_extension PRIVATE src)
target_include_directories(acq_extension SYSTEM PRIVATE "${acq_duckdb}")
target_compile_options(acq_extension PRIVATE -ffunction-sections -fdata-sections)
set(acq_extension_map "${CMAKE_CURRENT_SOURCE_DIR}/cmake/extension.map")
target_link_options(acq_extension PRIVATE -s -Wl,--gc-sections -Wl,--no-undefined
    "-Wl,--version-script=${acq_extension_map}")
set_property(TARGET acq_extension APPEND PROPERTY LINK_DEPENDS "${acq_extension_map}")
find_library(ACQ_STATIC_DEFLATE NAMES libdeflate.a)
if(NOT ACQ_STATIC_DEFLATE)
    set(ACQ_STATIC_DEFLATE deflate)
endif()
target_link_libraries(acq_extension PRIVATE acq_flags "${ACQ_STATIC_DEFLATE}" z Threads::Threads m ${CMAKE_DL_LIBS})

add_executable(acq_extension_footer cmake/extension_footer.c)
target_link_libraries(acq_extension_footer PRIVATE acq_flags)
set_target_properties(acq_extension_footer PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}/CMakeFiles")
add_dependencies(acq_extension acq_extension_footer)
add_custom_command(TARGET acq_extension POST_BUILD
    COMMAND acq_extension_footer $<TARGET_FILE:acq_extension> v${PROJECT_VERSION} linux_amd64 VERBATIM)
