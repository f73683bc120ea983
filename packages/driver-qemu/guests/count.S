/* The guest of the conformance kit: it counts, and watches its memory. A Multiboot image, which QEMU loads by -kernel.
 *
 * It fills 16 MiB with words that follow from their addresses, and then, a hundred times in a second of its own time,
 *   1. counts,
 *   2. writes the count into one page of a ring of 256, which must still hold what was written there a round ago,
 *   3. compares a part of the filled memory with what must be there: all of it in 64 ticks,
 *   4. halts.
 * Before it writes into the ring it makes the processor forget its translations: QEMU older than 9.0 without KVM misses writes that a
 * cached one allows while it migrates. What is in the page of this code needs no such care: QEMU sees each write there.
 *
 * COUNT and BAD are read from outside, through the monitor: physical addresses 0x100020 and 0x100024.
 */
    .set LOAD,    0x100000
    .set RING,    0x200000
    .set PAGES,   256
    .set FILL,    RING + PAGES * 4096
    .set END,     FILL + 0x1000000
    .set STRIDE,  64
    .set PART,    0x1000000 / 64
    .set GOLDEN,  0x9e3779b1
    .set DIVISOR, 11932                 /* 1193182 Hz / 11932 = 100 Hz */
    .set MAGIC,   0x1badb002
    .set FLAGS,   0x00010000            /* the addresses below are valid */

    .code32
    .globl _start
header:
    .long MAGIC, FLAGS, -(MAGIC + FLAGS)
    .long LOAD, LOAD, LOAD + image_end - header, LOAD + image_end - header, _start
count:
    .long 0
bad:
    .long 0
fill_at:
    .long FILL

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

_start:
    cli
    cld
    lgdtl gdtr
    lidtl idtr
    ljmpl $8, $1f
1:  movw $16, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    movl $0x90000, %esp

    movl $RING, %edi
    xorl %eax, %eax
    movl $PAGES * 1024, %ecx
    rep stosl
    movl $FILL, %edi
1:  call word_at
    movl %eax, (%edi)
    addl $4, %edi
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
    movb $0x34, %al                     /* PIT channel 0, mode 2 */
    outb %al, $0x43
    movb $DIVISOR & 255, %al
    outb %al, $0x40
    movb $DIVISOR >> 8, %al
    outb %al, $0x40

rest:
    sti
1:  hlt
    jmp 1b

tick:
    pushal
    movb $0x20, %al
    outb %al, $0x20
    movl count, %eax
    incl %eax
    movl %eax, count

    movl %eax, %edi                     /* the page of this tick */
    andl $PAGES - 1, %edi
    shll $12, %edi
    addl $RING, %edi
    movl (%edi), %ebx
    testl %ebx, %ebx
    jz 1f                               /* the first round */
    addl $PAGES, %ebx
    cmpl %eax, %ebx
    je 1f
    movl $1, bad
1:  movl %cr0, %ecx                     /* a change of CR0.WP, of no other effect without paging */
    xorl $0x10000, %ecx
    movl %ecx, %cr0
    movl %eax, (%edi)

    movl fill_at, %edi
    movl $PART / STRIDE, %ecx
2:  call word_at
    cmpl %eax, (%edi)
    je 3f
    movl $1, bad
3:  addl $STRIDE, %edi
    decl %ecx
    jnz 2b
    cmpl $END, %edi
    jb 4f
    movl $FILL, %edi
4:  movl %edi, fill_at
    popal
    iretl

ignore:                                 /* the PIC's spurious interrupt */
    iretl

word_at:                                /* EAX = the word that belongs at EDI */
    movl %edi, %eax
    shrl $2, %eax
    imull $GOLDEN, %eax, %eax
    notl %eax
    ret

    .p2align 3
idt:
    .rept 32
    .word ignore - header, 8, 0x8e00, LOAD >> 16
    .endr
    .word tick - header, 8, 0x8e00, LOAD >> 16
    .rept 7
    .word ignore - header, 8, 0x8e00, LOAD >> 16
    .endr
idt_end:
image_end:
