/* A Xen guest of type pvh without an operating system, whose heartbeat and memory can be checked from outside: it boots at once
 * and fits in a few MiB, so that a copy of it takes seconds between emulated hosts, where Linux takes a minute.
 *
 * It fills FILL_MIB MiB above 2 MiB with a pattern that is a function of the address, makes a ring of RING pages behind it, and
 * then twice in a second:
 *   1. raises the generation in each page of the ring, which must hold the one it was left with,
 *   2. compares the fill with the pattern,
 *   3. prints  TTTTTTTT CCCC k  (beat, boot cookie, state) on its console; after the first wrong word, for good,
 *      TTTTTTTT CCCC Baaaaaaaa  with its address,
 *   4. looks in XenStore whether it is asked to suspend, power off or reboot, and does so,
 *   5. sleeps.
 *
 * It asks Xen each time where its console and XenStore are: a migrated guest may have them elsewhere.
 *
 * --defsym FILL_MIB= RING= (pages)
 */
    .set FILL,     0x200000
    .set PAGES,    FILL + FILL_MIB * 0x100000
    .set END,      PAGES + RING * 4096

    /* Of Xen's public headers: hypercalls, their operations, parameters. */
    .set sched_op, 29
    .set event_channel_op, 32
    .set hvm_op,   34
    .set SHUTDOWN, 2                    /* of sched_op */
    .set POLL,     3
    .set SEND,     4                    /* of event_channel_op */
    .set PARAM,    1                    /* of hvm_op */
    .set TIME,     10
    .set STORE_PAGE, 1
    .set STORE_PORT, 2
    .set CONSOLE_PAGE, 17
    .set CONSOLE_PORT, 18
    .set SELF,     0x7ff0
    .set POWEROFF, 0                    /* reasons of a shutdown */
    .set REBOOT,   1
    .set SUSPEND,  2
    .set OUT,      1024                 /* in the console's page: 2048 bytes, and how many were ever read and written */
    .set OUT_READ, 3080
    .set OUT_WRITTEN, 3084
    .set ANSWERS,  1024                 /* in XenStore's page: 1024 bytes after as many of questions, and how many of each */
    .set ASKED,    2052
    .set ANSWERS_READ, 2056
    .set ANSWERS_WRITTEN, 2060
    .set XS_READ,  2                    /* questions to XenStore */
    .set XS_WRITE, 11

    .section .note.Xen, "a", @note
    .long 4, 4, 18                      /* where a guest of type pvh begins, in 32 bits and without paging */
    .asciz "Xen"
    .long _start

    .macro hypercall number
    call hypercalls + 32 * \number
    .endm

    .text
    .code32
    .globl _start
_start:
    cld
    movl $stack, %esp
    movl $0x40000002, %eax              /* Xen's leaf: EBX is the register that takes the address of a page for its calls */
    cpuid
    movl %ebx, %ecx
    movl $hypercalls, %eax
    xorl %edx, %edx
    wrmsr
    call bake

    movl $FILL, %edi
1:  call word_at
    stosl
    cmpl $PAGES, %edi
    jb 1b
1:  movl $0, (%edi)
    movl %edi, 4092(%edi)
    addl $4096, %edi
    cmpl $END, %edi
    jb 1b

beat:
    incl tick
    movl generation, %ebx
    movl $PAGES, %edi
1:  cmpl %ebx, (%edi)
    jne 2f
    movl %edi, %eax
    xorl %ebx, %eax
    cmpl %eax, 4092(%edi)
    je 3f
2:  call wrong
3:  leal 1(%ebx), %eax
    movl %eax, (%edi)
    xorl %edi, %eax
    movl %eax, 4092(%edi)
    addl $4096, %edi
    cmpl $END, %edi
    jb 1b
    incl generation

    movl $FILL, %edi
1:  call word_at
    scasl
    je 2f
    subl $4, %edi
    call wrong
    addl $4, %edi
2:  cmpl $PAGES, %edi
    jb 1b

    movl $line, %edi
    call tell
    call print

    movl $wish, %esi
    call ask
    movl $SUSPEND, %ebx
    cmpb $'s', answer + 16
    je 1f
    movl $REBOOT, %ebx
    cmpb $'r', answer + 16
    je 1f
    movl $POWEROFF, %ebx
    cmpb $'p', answer + 16
    jne 2f
1:  movl %ebx, reason
    movl $heard, %esi
    call ask
    movl $SHUTDOWN, %ebx
    movl $reason, %ecx
    hypercall sched_op                  /* one that was suspended comes back here, on whatever host */
2:  movl $500000000, %eax
    call rest
    jmp beat

rest:                                   /* for EAX nanoseconds */
    movl %eax, %edx
    movl $TIME, %ebx
    movl $until, %ecx
    hypercall hvm_op
    addl %edx, until
    adcl $0, until + 4
    movl $POLL, %ebx
    movl $poll, %ecx
    hypercall sched_op
    ret

ask:                                    /* XenStore what is at ESI; at answer is what it says, and a zero behind it */
    movl $STORE_PAGE, %eax
    call param
    shll $12, %eax
    movl %eax, %ebp
    movl 12(%esi), %ecx
    addl $16, %ecx
1:  movl ASKED(%ebp), %edx
    andl $1023, %edx
    lodsb
    movb %al, (%ebp, %edx)
    incl ASKED(%ebp)
    loop 1b
    movl $STORE_PORT, %eax
    call notify
    movl $answer, %edi
    movl $16, %ecx
    call take
    movl answer + 12, %ecx
    jecxz 2f
    call take
2:  movb $0, (%edi)
    cmpl $XS_READ, answer
    je 3f
    movb $0, answer + 16                /* there is nothing to read */
3:  ret

take:                                   /* ECX bytes of answers to EDI */
    movl ANSWERS_READ(%ebp), %edx
    cmpl ANSWERS_WRITTEN(%ebp), %edx
    jne 1f
    pushl %ecx
    movl $5000000, %eax
    call rest
    popl %ecx
    jmp take
1:  andl $1023, %edx
    movb ANSWERS(%ebp, %edx), %al
    stosb
    incl ANSWERS_READ(%ebp)
    loop take
    ret

print:                                  /* what is between line and EDI */
    movl $CONSOLE_PAGE, %eax
    call param
    shll $12, %eax
    movl %eax, %ebp
    movl $line, %esi
1:  movl OUT_WRITTEN(%ebp), %edx
    movl %edx, %eax
    subl OUT_READ(%ebp), %eax
    cmpl $2048, %eax
    jb 2f
    movl $5000000, %eax
    call rest
    jmp 1b
2:  lodsb
    andl $2047, %edx
    movb %al, OUT(%ebp, %edx)
    incl OUT_WRITTEN(%ebp)
    cmpl %edi, %esi
    jb 1b
    movl $CONSOLE_PORT, %eax

notify:                                 /* whoever is behind the port that is the parameter EAX */
    call param
    movl %eax, port
    movl $SEND, %ebx
    movl $port, %ecx
    hypercall event_channel_op
    ret

param:                                  /* EAX = the domain's parameter of that number */
    movl %eax, asked + 4
    movl $PARAM, %ebx
    movl $asked, %ecx
    hypercall hvm_op
    movl asked + 8, %eax
    ret

wrong:                                  /* keeps the first address: a state of no return */
    cmpl $0, bad
    jne 1f
    movl %edi, bad
1:  ret

put:                                    /* AL to EDI */
    stosb
    ret

    .include "beat-line.inc"

    .p2align 3
asked:      .long SELF, 0, 0, 0         /* domain, number, value */
poll:       .long 0, 0                  /* no ports */
until:      .quad 0
port:       .long 0
reason:     .long 0
wish:       .long XS_READ, 0, 0, heard - wish - 16
            .asciz "control/shutdown"
heard:      .long XS_WRITE, 0, 0, answer - heard - 16
            .asciz "control/shutdown"
answer:     .skip 16 + 64
    .p2align 3
generation: .long 0
line:       .skip 32
    .p2align 12
hypercalls: .skip 4096
    .skip 1024
stack:
