# acq_program(TARGET DESCRIPTION): what Windows knows of a program besides its code, the version resource and the
# manifest. Version and product come from project(), the copyright from LICENSE. Elsewhere it does nothing.

if(WIN32)
    enable_language(RC)
endif()

function(acq_program target description)
    if(NOT WIN32)
        return()
    endif()
    file(STRINGS "${PROJECT_SOURCE_DIR}/LICENSE" ACQ_COPYRIGHT REGEX "^Copyright " LIMIT_COUNT 1)
    string(REGEX REPLACE "^Copyright \\(c\\) [0-9, -]+ " "" ACQ_AUTHORS "${ACQ_COPYRIGHT}")
    set(ACQ_PROGRAM "${target}")
    set(ACQ_DESCRIPTION "${description}")
    set(ACQ_MANIFEST "${target}.manifest") # windres and rc look for it in the folder that is named below
    configure_file("${PROJECT_SOURCE_DIR}/cmake/program.rc.in" "resources/${target}.rc" @ONLY)
    configure_file("${PROJECT_SOURCE_DIR}/cmake/program.manifest.in" "resources/${target}.manifest" @ONLY)
    set(folder "${CMAKE_CURRENT_BINARY_DIR}/resources")
    set_source_files_properties("${folder}/${target}.rc" PROPERTIES OBJECT_DEPENDS "${folder}/${target}.manifest")
    # a library of its own, so that no definition of the C sources reaches the resource compiler
    add_library(${target}_resource OBJECT "${folder}/${target}.rc")
    target_include_directories(${target}_resource PRIVATE "${folder}")
    target_sources(${target} PRIVATE $<TARGET_OBJECTS:${target}_resource>)
    if(MSVC)
        target_link_options(${target} PRIVATE /MANIFEST:NO) # ours is a resource
    endif()
endfunction()
