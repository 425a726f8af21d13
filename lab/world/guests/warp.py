"""A warped clock: what QEMU and the guest's kernel are told so that idle time costs nothing.

With -icount the guest's clock counts the instructions that it executes, and with sleep=off it jumps to the next timer as soon as
all of the guest waits: ten minutes of waiting pass at once, and whatever works costs guest time by what it executes, however busy
the machine is. Every clock of the guest (TSC, HPET, the timer interrupt, the RTC) is made of that one, so they agree.

A guest that waits for the host, for a file over 9p or a disk, waits as idly as one that sleeps: its clock jumps meanwhile. So
everything a warped guest needs is in its initramfs. It has one CPU, as QEMU then executes all in one thread. Ports, sequence
numbers and os.urandom() stay random, since the kernel stirs the times of interrupts in: no finding may depend on them.
"""

from __future__ import annotations

WARP_QEMU: tuple[str, ...] = (
    # KVM executes instructions without counting them.
    *("-accel", "tcg"),
    *("-smp", "1"),
    # 2^shift ns an instruction. 0 is the fastest guest there is: its Python is some 20 times slower by its own clock than the
    # machine's, and 576-router takes 0.45 s. With 1 all takes twice as long, and timers of 200 ms come while Python is still busy.
    *("-icount", "shift=0,sleep=off"),
    # The RTC counts in guest time, too, and from the same second in each run.
    *("-rtc", "base=2026-01-01T00:00:00,clock=vm"),
    # What RDRAND gives, which decides early in the boot.
    *("-seed", "1"),
)
"""Arguments for QEMU. They stand in the place of any other -accel, -smp and -icount."""

WARP_KERNEL: tuple[str, ...] = (
    # The same addresses in each run: where things lie in caches and hash tables decides how many instructions they take.
    "nokaslr",
    "norandmaps",
    # The TSC is made of the same clock as what it would be held against, twice a second, for all of the time that is to be free.
    "tsc=reliable",
)
"""Parameters for the guest's kernel."""
