/* font.S - Open Sans (Regular and Semibold) inside the program, so that pictures look the same on every machine.
 *
 * acq_font_regular[] .. acq_font_regular_end[], acq_font_bold[] .. acq_font_bold_end[]: the bytes of the TrueType files
 * that the build names in ACQ_FONT_REGULAR and ACQ_FONT_BOLD. */
#ifdef __ELF__
    .section .rodata
    .type acq_font_regular, %object
    .type acq_font_bold, %object
#else
    .section .rdata, "dr" /* of Windows' object files */
#endif
    .globl acq_font_regular, acq_font_regular_end, acq_font_bold, acq_font_bold_end
    .balign 16
acq_font_regular:
    .incbin ACQ_FONT_REGULAR
acq_font_regular_end:
    .byte 0
    .balign 16
acq_font_bold:
    .incbin ACQ_FONT_BOLD
acq_font_bold_end:
    .byte 0

#ifdef __ELF__
    .size acq_font_regular, acq_font_regular_end - acq_font_regular
    .size acq_font_bold, acq_font_bold_end - acq_font_bold
    .section .note.GNU-stack, "", %progbits
#endif
