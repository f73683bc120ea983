/* A guest without an operating system whose heartbeat and memory can be checked from outside.
 *
 * It fills FILL_MIB MiB above 1 MiB with a pattern that is a function of the address, makes a ring of RING_MIB MiB
 * behind it, and then at each tick of the PIT (250 Hz of guest time, which stands still while the guest is stopped):
 *   1. raises the generation in PPT pages of the ring, each of which must hold the generation it was left with,
 *   2. compares a part of the fill with the pattern: every line of 64 bytes once in PASS ticks,
 *   3. prints  TTTTTTTT CCCC k  (tick, boot cookie, state) on COM1; after the first wrong word, for good,
 *      TTTTTTTT CCCC Baaaaaaaa  with its address,
 *   4. writes the next SPT sectors of the first DISK_MIB MiB of its IDE disk, if it has one, each of which must hold what it
 *      was given in the round before; a wrong one is told as an address, by its number,
 *   5. halts.
 * So the rate depends on neither the host nor the accelerator.
 *
 * Protected mode and no BIOS call after the load: KVM may have to emulate a guest in real mode.
 *
 * It makes the processor forget its translations before it writes: QEMU older than 9.0 without KVM (7.2 measured) misses writes
 * that a cached translation allows, once a round of a migration has begun, and the target gets an old page. A guest that is to
 * find the faults of a migration must not find that one.
 *
 * --defsym FILL_MIB= RING_MIB= PPT= (pages per tick) STEP= (bytes between two filled words, a power of two, 4 = all)
 *          PASS= (ticks) DISK_MIB= (0: no disk) SPT= (sectors per tick)
 */
    .set FILL,    0x100000
    .set RING,    FILL + FILL_MIB * 0x100000
    .set END,     RING + RING_MIB * 0x100000
    .if STEP > 64
    .set STRIDE,  STEP
    .else
    .set STRIDE,  64                    /* the words of one line take turns, one pass each */
    .endif
    .set CHECKS,  (FILL_MIB * 0x100000 / STRIDE + PASS - 1) / PASS
    .set COM1,    0x3f8
    .set IDE,     0x1f0
    .set DIVISOR, 4773                  /* 1193182 Hz / 4773 = 249.99 Hz */

    .code16
    .globl _start
_start:
    cli
    cld
    xorw %ax, %ax
    movw %ax, %ds
    movw %ax, %ss
    movw $0x7c00, %sp
    movb $0x42, %ah                     /* the BIOS loads the first sector only; DL is still its drive */
    movw $packet, %si
    int $0x13
    jc dead
    inb $0x92, %al
    orb $2, %al
    outb %al, $0x92
    lgdtl gdtr
    lidtl idtr
    movl %cr0, %eax
    orb $1, %al
    movl %eax, %cr0
    ljmpl $8, $protected
dead:
    hlt
    jmp dead

    .p2align 2
packet:
    .byte 16, 0
    .word 3                             /* sectors */
    .word 0x7e00, 0
    .quad 1
    .p2align 3
gdt:
    .quad 0
    .quad 0x00cf9a000000ffff
    .quad 0x00cf92000000ffff
gdtr:
    .word gdtr - gdt - 1
    .long gdt
idtr:
    .word idt_end - idt - 1
    .long idt

    .org 510
    .word 0xaa55

    .code32
protected:
    movw $16, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    movl $0x7c00, %esp
    call bake

    movl $FILL, %edi
    call word_at
1:  movl %eax, (%edi)
    subl $(GOLDEN * (STEP / 4)) & 0xffffffff, %eax
    addl $STEP, %edi
    cmpl $END, %edi
    jb 1b

    movl $RING, %edi
1:  movl $0, (%edi)
    movl %edi, 4092(%edi)
    addl $4096, %edi
    cmpl $END, %edi
    jb 1b

    movb $0x11, %al                     /* PIC: vectors 0x20 and up, IRQ 0 only */
    outb %al, $0x20
    movb $0x20, %al
    outb %al, $0x21
    movb $4, %al
    outb %al, $0x21
    movb $1, %al
    outb %al, $0x21
    movb $0xfe, %al
    outb %al, $0x21
    movb $0xff, %al
    outb %al, $0xa1
    .if DISK_MIB
    movw $IDE + 0x206, %dx              /* no interrupts: the disk is asked */
    movb $2, %al
    outb %al, %dx
    .endif
    movb $0x34, %al                     /* PIT channel 0, mode 2 */
    outb %al, $0x43
    movb $DIVISOR & 255, %al
    outb %al, $0x40
    movb $DIVISOR >> 8, %al
    outb %al, $0x40

beat:
    sti
    hlt
awake:                                  /* IRQ 0 while halted; not by IRET, which nested KVM may fail to emulate */
    addl $12, %esp
    movb $0x20, %al
    outb %al, $0x20
    call forget
    incl tick

    movl ring_at, %edi
    movl generation, %ebx
    movl $PPT, %ecx
    jecxz 4f
1:  cmpl %ebx, (%edi)
    jne 5f
    movl %edi, %eax
    xorl %ebx, %eax
    cmpl %eax, 4092(%edi)
    je 2f
5:  call wrong
2:  call forget
    leal 1(%ebx), %eax
    movl %eax, (%edi)
    xorl %edi, %eax
    movl %eax, 4092(%edi)
    addl $4096, %edi
    cmpl $END, %edi
    jb 3f
    movl $RING, %edi
    incl %ebx
3:  decl %ecx
    jnz 1b
    call forget
    movl %edi, ring_at
    movl %ebx, generation
4:
    .if DISK_MIB
    call disk
    .endif
    movl fill_at, %edi
    call word_at
    movl $CHECKS, %ecx
1:  cmpl %eax, (%edi)
    je 2f
    call wrong
2:  subl $(GOLDEN * (STRIDE / 4)) & 0xffffffff, %eax
    addl $STRIDE, %edi
    cmpl $RING, %edi
    jb 3f
    call forget
    movl phase, %eax
    addl $STEP, %eax
    andl $STRIDE - 1, %eax
    movl %eax, phase
    leal FILL(%eax), %edi
    call word_at
3:  decl %ecx
    jnz 1b
    call forget
    movl %edi, fill_at

    call tell
    jmp beat

    .if DISK_MIB
disk:
    movl $SPT, %ecx
1:  pushl %ecx
    movl sector, %ebx
    movl disk_round, %ebp
    subl $1, %ebp
    jb 4f                               /* nothing is known of the first round */
    movb $0x20, %cl                     /* read */
    call ide
2:  inl %dx, %eax
    cmpl %esi, %eax
    je 3f
    movl %ebx, %edi
    call wrong
3:  addl $GOLDEN, %esi
    loop 2b
4:  incl %ebp
    movb $0x30, %cl                     /* write */
    call ide
5:  movl %esi, %eax
    outl %eax, %dx
    addl $GOLDEN, %esi
    loop 5b
    call forget
    incl %ebx
    cmpl $DISK_MIB * 2048, %ebx
    jb 6f
    xorl %ebx, %ebx
    incl %ebp
    movl %ebp, disk_round
6:  movl %ebx, sector
    popl %ecx
    loop 1b
    ret

ide:                                    /* gives command CL for sector EBX; then DX is the data port, ECX its words, and */
    movw $IDE + 7, %dx                  /* ESI the first one that belongs there in round EBP */
1:  inb %dx, %al
    testb $0x80, %al
    jnz 1b
    movw $IDE + 2, %dx
    movb $1, %al
    outb %al, %dx
    movl %ebx, %eax
    orl $0xe0000000, %eax
    movl $4, %esi
2:  incl %edx
    outb %al, %dx
    shrl $8, %eax
    decl %esi
    jnz 2b
    incl %edx
    movb %cl, %al
    outb %al, %dx
3:  inb %dx, %al
    testb $0x80, %al
    jnz 3b
    testb $8, %al
    jz 3b
    movw $IDE, %dx
    imull $GOLDEN, %ebx, %esi
    addl %ebp, %esi
    movl $128, %ecx
    ret
    .endif

wrong:                                  /* keeps the first address: a state of no return */
    cmpl $0, bad
    jne 1f
    call forget
    movl %edi, bad
1:  ret

forget:                                 /* a change of CR0.WP, of no other effect without paging */
    pushl %eax
    movl %cr0, %eax
    xorl $0x10000, %eax
    movl %eax, %cr0
    popl %eax
    ret

put:                                    /* AL to COM1 once it is free: QEMU drops what a slow listener has no room for */
    pushl %eax
    movw $COM1 + 5, %dx
1:  inb %dx, %al
    testb $0x20, %al
    jz 1b
    popl %eax
    movw $COM1, %dx
    outb %al, %dx
    ret

ignore:                                 /* the PIC's spurious interrupt */
    addl $12, %esp
    jmp beat

    .include "beat-line.inc"

    .p2align 3
idt:
    .rept 32
    .word ignore, 8, 0x8e00, 0
    .endr
    .word awake, 8, 0x8e00, 0
    .rept 7
    .word ignore, 8, 0x8e00, 0
    .endr
idt_end:

generation: .long 0
ring_at:    .long RING
fill_at:    .long FILL
phase:      .long 0
sector:     .long 0
disk_round: .long 0
    .org 2048                           /* the four sectors that the packet and the BIOS load */
