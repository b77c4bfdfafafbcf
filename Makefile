# Builds Moim. `make` makes the programs, `make check` runs the unit tests,
# sanitized and plain; `make help` lists the rest. Everything lands in $(B).

VERSION := 0.1.0
# V=1 shows the commands.
Q := $(if $(V),,@)
PREFIX ?= /usr/local
CC := gcc
MODE ?= release
B ?= build/$(MODE)

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion \
        -Wcast-qual -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef \
        -Wformat=2 -Wpointer-arith -Wswitch-enum -Wimplicit-fallthrough \
        -Wold-style-definition -fno-common -Werror
CPPFLAGS := -I. -D_POSIX_C_SOURCE=200809L -D_DEFAULT_SOURCE \
            -DMOIM_VERSION='"$(VERSION)"' \
            -isystem /usr/include/postgresql -MMD -MP
HARDEN := -fstack-protector-strong -fstack-clash-protection -fPIE
CFLAGS_release := -O2 -g -D_FORTIFY_SOURCE=2 $(HARDEN)
CFLAGS_asan := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all \
               -fno-omit-frame-pointer
CFLAGS_fuzz := $(CFLAGS_asan) -fsanitize=fuzzer-no-link
CFLAGS_cover := -O0 -g --coverage
LDFLAGS_release := -pie -Wl,-z,relro,-z,now,-z,noexecstack
# Sanitized programs are many and large: gold, which comes with the other
# linker, takes a quarter of its time; with clang it warns of clang's own.
GOLD := $(if $(findstring clang,$(CC)),,$(if $(shell command -v ld.gold),\
          -fuse-ld=gold))
LDFLAGS_asan := -fsanitize=address,undefined $(GOLD)
LDFLAGS_fuzz := -fsanitize=fuzzer,address,undefined
LDFLAGS_cover := --coverage
CFLAGS := -std=c11 $(WARN) $(CFLAGS_$(MODE)) $(EXTRA)
# For GnuTLS to see, see storage/pg_conninfo.c.
LDFLAGS := $(LDFLAGS_$(MODE)) \
           -Wl,--export-dynamic-symbol=_gnutls_global_init_skip
LDLIBS := -luv -luring -lhiredis -lpq -lssl -lcrypto -lsodium -lunistring \
          -linih -lz -lpthread -lm

LIB_DIRS := proto/base proto/wire proto/net chat-core chat-core/ports storage
LIB_SRC := $(foreach d,$(LIB_DIRS),$(wildcard $(d)/*.c))
LIB_OBJ := $(LIB_SRC:%.c=$(B)/obj/%.o)
LIB := $(B)/libmoim.a

PROGRAMS := moim-gateway moim-presence moim-hooks moimctl moim-bench moim-ws-echo
DIR_moim-gateway := gateway
DIR_moim-presence := presence
DIR_moim-hooks := hooks
DIR_moimctl := moimctl
DIR_moim-bench := bench
DIR_moim-ws-echo := wsecho
# Not installed: what only tests need.
TEST_PROGRAMS := moim-faultproxy moim-recorder
DIR_moim-faultproxy := tests/fault/proxy
DIR_moim-recorder := tests/fault/recorder
SCRIPTS_LUA := $(wildcard storage/*.lua)

# Unit tests: tests/unit/test_NAME.c, one program each. A test of a program's
# own file links that folder without its main.c.
UNIT := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/test_*.c))
FAKE_OBJ := $(patsubst %.c,$(B)/obj/%.o,$(wildcard tests/fakes/*.c \
              tests/sim/*.c))
FAKES := $(B)/libfakes.a
PART_DIRS := gateway moimctl
ifneq ($(MODE),fuzz) # whose targets need no more
PART_DIRS += presence hooks bench tests/fault/proxy
endif
PART_OBJ := $(patsubst %.c,$(B)/obj/%.o,$(filter-out %/main.c,\
              $(wildcard $(PART_DIRS:%=%/*.c))))
FUZZ := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
INTEGRATION := $(patsubst tests/integration/%.c,%,\
                 $(wildcard tests/integration/it_*.c))
FUZZ_SECONDS ?= 60

.PHONY: all check check-unit check-corpus lint format fuzz cover install clean \
        help programs faultproxy unit integration everything
.DELETE_ON_ERROR:
.SECONDARY:

all: programs
programs: $(PROGRAMS:%=$(B)/%)
faultproxy: $(TEST_PROGRAMS:%=$(B)/%) $(B)/moim-faultshim.so
unit: $(UNIT:%=$(B)/tests/unit/%)
integration: $(INTEGRATION:%=$(B)/tests/integration/%)
everything: programs faultproxy unit integration $(B)/tests/cost/cost \
            $(FUZZ:%=$(B)/tests/fuzz/%)

help:
	@echo 'make            programs, in build/release'
	@echo 'make check      unit tests and corpora, sanitized and plain'
	@echo 'make lint       format, tidy, cppcheck, layers, shellcheck, spelling'
	@echo 'make format     reformat every C file'
	@echo 'make fuzz       every fuzz target for FUZZ_SECONDS (60)'
	@echo 'make cover      line coverage of proto and chat-core'
	@echo 'make install    into DESTDIR/PREFIX (/usr/local)'

define program_rule
$(B)/$(1): $$(patsubst %.c,$$(B)/obj/%.o,$$(wildcard $$(DIR_$(1))/*.c)) $$(LIB)
	$$(if $$(V),,@echo '  link $$@')
	$$(Q)$$(CC) $$(LDFLAGS) -o $$@ $$^ $$(LDLIBS)
endef
$(foreach p,$(PROGRAMS) $(TEST_PROGRAMS),$(eval $(call program_rule,$(p))))

# Preloaded into other people's programs: never sanitized.
$(B)/moim-faultshim.so: tests/fault/preload/faultshim.c
	@mkdir -p $(@D)
	$(if $(V),,@echo '  link $@')
	$(Q)$(CC) -std=c11 $(filter -D%,$(CPPFLAGS)) $(WARN) -O2 -fPIC -shared \
	    -o $@ $<

# A script is compiled in: storage/x.lua becomes the C string of x.lua.h, without
# the comments that have a line of their own.
$(B)/gen/%.lua.h: %.lua
	@mkdir -p $(@D)
	@{ sed -e '/^ *--/d' -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^\(.*\)$$/"\1\\n"/' $<; } > $@

$(B)/obj/%.o: %.c | $(SCRIPTS_LUA:%=$(B)/gen/%.h)
	@mkdir -p $(@D)
	$(if $(V),,@echo '  cc   $@')
	$(Q)$(CC) $(CPPFLAGS) -I$(B)/gen $(CFLAGS) -c -o $@ $<

# In a sanitized test the compiler looks at the test, too, but need not make it
# fast.
ifeq ($(MODE),asan)
$(B)/obj/tests/unit/%.o: CFLAGS += -O0
endif

$(LIB): $(LIB_OBJ)
	@rm -f $@
	$(Q)ar rcs $@ $^

$(B)/tests/unit/test_%: $(B)/obj/tests/unit/test_%.o $(FAKES) $(B)/libparts.a \
                        $(LIB)
	@mkdir -p $(@D)
	$(if $(V),,@echo '  link $@')
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS) -lcmocka -ljansson

$(B)/tests/cost/cost: $(B)/obj/tests/cost/cost.o $(FAKES) $(LIB)
	@mkdir -p $(@D)
	$(if $(V),,@echo '  link $@')
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(FAKES): $(FAKE_OBJ)
	@rm -f $@
	$(Q)ar rcs $@ $^

$(B)/libparts.a: $(PART_OBJ)
	@rm -f $@
	$(Q)ar rcs $@ $^

$(B)/tests/integration/it_%: $(B)/obj/tests/integration/it_%.o $(LIB)
	@mkdir -p $(@D)
	$(if $(V),,@echo '  link $@')
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS) -lcmocka

# With libFuzzer in MODE=fuzz; with tests/fuzz/replay.c otherwise.
FUZZ_MAIN := $(if $(filter fuzz,$(MODE)),,$(B)/obj/tests/fuzz/replay.o)
$(B)/tests/fuzz/fuzz_%: $(B)/obj/tests/fuzz/fuzz_%.o $(FUZZ_MAIN) \
                        $(B)/libparts.a $(LIB)
	@mkdir -p $(@D)
	$(if $(V),,@echo '  link $@')
	$(Q)$(CC) $(LDFLAGS) -o $@ $(filter-out %.a,$^) $(B)/libparts.a $(LIB) \
	    $(LDLIBS)

# Runs every unit test of this MODE; prints each program's own lines. Seeds of
# the simulation are many where they are cheap; it takes longest and goes first.
SIM_SEEDS := $(if $(filter release,$(MODE)),2000,300)
check-unit: $(UNIT:%=$(B)/tests/unit/%)
	@MOIM_SIM_SEEDS=$(SIM_SEEDS) tests/unit/run.sh -j "$$(nproc)" \
	    $(filter %/test_sim,$^) $(filter-out %/test_sim,$(sort $^))

check-corpus: $(FUZZ:%=$(B)/tests/fuzz/%)
	@tests/fuzz/replay.sh $(sort $^)

check:
	@$(MAKE) --no-print-directory MODE=asan check-unit check-corpus
	@$(MAKE) --no-print-directory MODE=release check-unit

fuzz:
	@$(MAKE) --no-print-directory MODE=fuzz CC=clang fuzz-run

.PHONY: fuzz-run
fuzz-run: $(FUZZ:%=$(B)/tests/fuzz/%)
	@tests/fuzz/fuzz.sh $(FUZZ_SECONDS) $(sort $^)

C_FILES = $(shell git ls-files -co --exclude-standard '*.c' '*.h')

format:
	clang-format-14 -i $(C_FILES)

lint:
	@tests/lint/lint.sh

cover:
	@$(MAKE) --no-print-directory MODE=cover check-unit
	gcovr -r . --object-directory build/cover -f proto/ -f chat-core/ \
	    --print-summary

install: programs
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/moim \
	    $(DESTDIR)$(PREFIX)/share/moim/migrations
	install -m 755 $(PROGRAMS:%=$(B)/%) $(DESTDIR)$(PREFIX)/bin/
	install -m 644 deploy/migrations/*.sql \
	    $(DESTDIR)$(PREFIX)/share/moim/migrations/
	install -m 644 deploy/*.conf.example $(DESTDIR)$(PREFIX)/share/moim/
	install -d $(DESTDIR)$(PREFIX)/share/moim/web/assets \
	    $(DESTDIR)$(PREFIX)/share/moim/web-ops/assets
	install -m 644 $(wildcard web/dist/*.*) $(DESTDIR)$(PREFIX)/share/moim/web/
	install -m 644 web/dist/assets/* $(DESTDIR)$(PREFIX)/share/moim/web/assets/
	install -m 644 $(wildcard web/dist-ops/*.*) \
	    $(DESTDIR)$(PREFIX)/share/moim/web-ops/
	install -m 644 web/dist-ops/assets/* \
	    $(DESTDIR)$(PREFIX)/share/moim/web-ops/assets/

clean:
	rm -rf build

-include $(shell find $(B) -name '*.d' 2>/dev/null)
