/* dl_iterate_phdr is not in POSIX.
 * NOLINTNEXTLINE(readability-identifier-naming) */
#define _GNU_SOURCE
#include "proto/base/settle.h"

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

/* A segment that nobody may write to is as it is in its file: on x86-64 code is
 * not relocated. */
static int forget_pages(struct dl_phdr_info *object, size_t size, void *ctx) {
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

    (void)size;
    (void)ctx;
    for (size_t i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
        uintptr_t from = object->dlpi_addr + segment->p_vaddr;
        uintptr_t skip = from % page;

        if (segment->p_type == PT_LOAD && (segment->p_flags & PF_W) == 0) {
            /* Refused, it stays as it is. */
            (void)madvise((void *)(from - skip), segment->p_memsz + skip,
                          MADV_DONTNEED);
        }
    }
    return 0;
}

void settle_heap(void) {
    (void)malloc_trim(0);
}

void settle(void) {
    settle_heap();
    (void)dl_iterate_phdr(forget_pages, NULL);
}
