# pollchat - chat for any web hosting.  `make help` lists what can be made.
#
# Everything that is built goes to build/VARIANT; build/data and build/run are not built: they hold
# the messages of `make run`.

# ---- settings: on the command line (make PREFIX=/opt/chat) or in the environment -----------------

VERSION  := 0.1.0
VARIANT  ?= release#   release, asan (with ubsan), tsan, cov
PREFIX   ?= /usr/local
DESTDIR  ?=
UNITS    ?= $(PREFIX)/lib/systemd/system#  none: no systemd here
WEB_GROUP ?= www-data#  of the web server, which may use the sockets
CFLAGS   ?=#           added after ours
CPPFLAGS ?=
LDFLAGS  ?=
WERROR   ?= $(if $(filter release,$(VARIANT)),0,1)
V        ?= 0#         1 shows every command
POSTGRES ?= auto#      1: build pollchat-postgres.so too, 0: don't, auto: if libpq is found

# make run
SERVER   ?= lighttpd#  lighttpd, lighttpd-cgi, apache-proxy, apache-fcgid, apache-cgi, nginx, caddy
PORT     ?= 8080
STORE    ?=#           postgres: over a private PostgreSQL in build/run/postgres; postgresql://...: over this
#                      database. Its $(value) is taken as it was typed: a password may have a $.
DATA     ?= $(if $(value STORE),build/run/host-$(PORT),build/data)

# make test and make check: some steps only, as in STEPS='unit cgi' (tests/run --list and tests/run
# --check --list name them)
STEPS    ?=

# make dist
ARCH     ?= x86_64#    or aarch64, by cross-compiling

B        := build/$(VARIANT)

# ---- flags ---------------------------------------------------------------------------------------

WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Wvla \
            -Wsign-conversion -Wundef -Wpointer-arith -Wcast-qual -Wwrite-strings -Wimplicit-fallthrough \
            -Wnull-dereference -Wdouble-promotion -Wold-style-definition

# (-ffile-prefix-map gives the same bytes in each folder.)
VARIANT_CFLAGS.release  := -O2 -g -ffile-prefix-map=$(CURDIR)=. -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE
VARIANT_LDFLAGS.release := -pie -Wl,-z,relro,-z,now -Wl,-z,noexecstack
# Programs that need no libraries where they run. They start in half the time, which counts for
# plain CGI: it starts one for each request. (Because of SQLite the linker warns of dlopen,
# which is not called.)
VARIANT_CFLAGS.static   := -O2 -g -D_FORTIFY_SOURCE=2 -fstack-protector-strong
VARIANT_LDFLAGS.static  := -static -Wl,-z,relro,-z,now -Wl,-z,noexecstack
VARIANT_LIBS.static     := -lm
VARIANT_CFLAGS.asan     := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
VARIANT_LDFLAGS.asan    := -fsanitize=address,undefined
VARIANT_CFLAGS.tsan     := -O1 -g -fno-omit-frame-pointer -fsanitize=thread
VARIANT_LDFLAGS.tsan    := -fsanitize=thread
VARIANT_CFLAGS.cov      := -O0 -g --coverage
VARIANT_LDFLAGS.cov     := --coverage -Wl,--wrap=_exit

# The archive's program (make dist): static, and the same bytes on each machine. Headers and
# libraries come from a folder of Debian packages (tests/deps/sysroot), for both architectures
# alike.
ifneq ($(filter dist-%,$(VARIANT)),)
ARCH     := $(VARIANT:dist-%=%)
SYSROOT  := build/sysroot-$(ARCH)
CC       := $(if $(filter $(ARCH),$(shell uname -m)),gcc,$(ARCH)-linux-gnu-gcc)
OBJCOPY  := $(if $(filter $(ARCH),$(shell uname -m)),objcopy,$(ARCH)-linux-gnu-objcopy)
VARIANT_CFLAGS.$(VARIANT)  := -O2 -D_FORTIFY_SOURCE=2 -fstack-protector-strong -ffunction-sections -fdata-sections \
                              -ffile-prefix-map=$(CURDIR)=. -isystem $(SYSROOT)/usr/include
VARIANT_LDFLAGS.$(VARIANT) := -static -s -Wl,-z,relro,-z,now -Wl,-z,noexecstack -Wl,--gc-sections -Wl,--build-id=none \
                              -L$(SYSROOT)/usr/lib/$(ARCH)-linux-gnu
VARIANT_LIBS.$(VARIANT)    := -lm
endif

ifeq ($(VARIANT_CFLAGS.$(VARIANT)),)
$(error VARIANT is release, static, asan, tsan or cov, not '$(VARIANT)')
endif

# The module for PostgreSQL (cgi-bin/store/private/store_module.h). Static programs can't load one.
ifeq ($(filter 0 1 auto,$(POSTGRES)),)
$(error POSTGRES is 1, 0 or auto, not '$(POSTGRES)')
endif
MODULE   := $(if $(filter static dist-%,$(VARIANT))$(filter 0,$(POSTGRES)),,$B/pollchat-postgres.so)
ifneq ($(MODULE),)
PQ_FLAGS := $(patsubst -I%,-isystem %,$(shell pkg-config --cflags libpq 2>/dev/null || echo -I$$(pg_config --includedir 2>/dev/null || echo /usr/include/postgresql)))
PQ_LIBS  := $(shell pkg-config --libs libpq 2>/dev/null || echo -lpq)
HAS_PQ   := $(shell echo 'int main(void) { return PQlibVersion() < 0; }' | \
                    $(CC) $(CPPFLAGS) $(PQ_FLAGS) -include libpq-fe.h -xc - -o /dev/null $(LDFLAGS) $(PQ_LIBS) 2>/dev/null && echo 1)
MODULE   := $(if $(HAS_PQ)$(filter 1,$(POSTGRES)),$(MODULE))
endif

LIBS     := -lsqlite3 -ljansson -linih -lsodium -lutf8proc $(if $(MODULE),-ldl) $(VARIANT_LIBS.$(VARIANT))
TESTLIBS := -lcmocka

override ALL_CPPFLAGS = -D_GNU_SOURCE -DPOLLCHAT_VERSION='"$(VERSION)"' $(if $(MODULE),-DPOLLCHAT_POSTGRES) -Icgi-bin $(CPPFLAGS)
override ALL_CFLAGS   = -std=c17 -pthread $(WARNINGS) $(if $(filter 1,$(WERROR)),-Werror) \
                        $(VARIANT_CFLAGS.$(VARIANT)) $(CFLAGS)
override ALL_LDFLAGS  = -pthread -Wl,--as-needed $(VARIANT_LDFLAGS.$(VARIANT)) $(LDFLAGS)

# ---- what is built from what ---------------------------------------------------------------------

SQL      := $(sort $(filter-out sql/postgres/%,$(wildcard sql/*.sql sql/*/*.sql)))
LIBSRC   := $(sort $(filter-out cgi-bin/archive/% cgi-bin/store/postgres/%,$(wildcard cgi-bin/*/*.c cgi-bin/*/*/*.c)))#  the rooms (cgi-bin/README.md)
LIBOBJ   := $(LIBSRC:%.c=$B/obj/%.o) $(addprefix $B/obj/,sql_files.o confusables.o store_interface.o)
COVERAGE := $(if $(filter cov,$(VARIANT)),$B/obj/tests/coverage.o)
LIBRARY  := $B/libpollchat.a
PROGRAMS := $B/send $B/poll $B/pollchat
MODSRC   := $(sort $(wildcard cgi-bin/store/postgres/*.c))#  the module
MODSQL   := $(sort $(wildcard sql/postgres/*.sql))
MODOBJ   := $(if $(MODULE),$(MODSRC:%.c=$B/module/%.o) $B/module/sql_files.o $B/module/store_interface.o)
EXPORTS  := $(if $(MODULE),$B/gen/exports)
TESTSRC  := $(sort $(wildcard tests/unit/test_*.c tests/crash/test_*.c))
TESTS    := $(TESTSRC:tests/%.c=$B/%)
UNIT     := $(filter $B/unit/%,$(TESTS))
CRASH    := $(filter $B/crash/%,$(TESTS))
OBJECTS  := $(LIBOBJ) $(addprefix $B/obj/cgi-bin/,send.o poll.o pollchat.o archive/bundle.o) $(TESTSRC:%.c=$B/obj/%.o) $(COVERAGE) $(MODOBJ)

.DELETE_ON_ERROR:
.SUFFIXES:
.SECONDARY: $(OBJECTS)
.PHONY: all dist dist-parts stage install uninstall deb run check test deps unit unit-run unit-build crash crash-build crash-run valgrind valgrind-run fuzz cov bench \
        lint check-format format clean distclean help FORCE

ifeq ($V,1)
say = @:
Q   :=
else
say = @printf '  %-8s%s\n' '$1' '$(2:build/%=%)'
Q   := @
endif

all: $(PROGRAMS) $(MODULE) ## build the three programs (the default), and the module for PostgreSQL

$B/send:     $B/obj/cgi-bin/send.o  $(LIBRARY)
$B/poll:     $B/obj/cgi-bin/poll.o  $(LIBRARY)
$B/pollchat: $B/obj/cgi-bin/pollchat.o $(LIBRARY)
$(PROGRAMS): $(COVERAGE) $(EXPORTS)
	$(call say,LINK,$@)
	$Q$(CC) $(ALL_LDFLAGS) $(EXPORTS:%=@%) -o $@ $(filter %.o %.a,$^) $(LIBS)

# Tests that open a store load the module, which they find beside themselves.
LOADERS  := $(filter $(patsubst tests/%.c,$B/%,$(shell grep -lE '^.include "((store|erase|peace|senders|postgres)_support|store/private/store_module).h"' $(TESTSRC))),$(TESTS))
$(LOADERS): $(EXPORTS) | $(if $(MODULE),$B/unit/pollchat-postgres.so)

$(TESTS): $B/%: $B/obj/tests/%.o $(LIBRARY) $(COVERAGE)
	$(call say,LINK,$@)
	$Q mkdir -p $(@D)
	$Q$(CC) $(ALL_LDFLAGS) $(patsubst %,@%,$(filter %/exports,$^)) -o $@ $(filter %.o %.a,$^) $(TESTLIBS) $(LIBS)

# Built from nothing each time: the object of a deleted source must not stay in the library.
$(LIBRARY): $(LIBOBJ) $B/sources
	$(call say,AR,$@)
	$Q rm -f $@
	$Q$(AR) rcs $@ $(LIBOBJ)

$B/obj/%.o: %.c $B/flags
	$(call say,CC,$<)
	$Q mkdir -p $(@D)
	$Q$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(addprefix $B/obj/,sql_files.o confusables.o store_interface.o): $B/obj/%.o: $B/gen/%.c $B/flags
	$(call say,CC,$<)
	$Q mkdir -p $(@D)
	$Q$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# The programs contain the schema.
$B/gen/sql_files.c: sql/embed.sh $(SQL) $B/sources
	$(call say,EMBED,$@)
	$Q mkdir -p $(@D)
	$Q sh sql/embed.sh $@ $(SQL)

# ---- the module for PostgreSQL -------------------------------------------------------------------

# It has a table of SQL files of its own, and exports nothing but pollchat_store_module.
MODULE_CFLAGS = $(filter-out -fPIE,$(ALL_CFLAGS)) -fPIC -fvisibility=hidden

$B/module/%.o: %.c $B/flags
	$(call say,CC,$<)
	$Q mkdir -p $(@D)
	$Q$(CC) $(ALL_CPPFLAGS) $(PQ_FLAGS) $(MODULE_CFLAGS) -MMD -MP -c -o $@ $<

$B/module/sql_files.o: $B/gen/postgres_files.c $B/flags
$B/module/store_interface.o: $B/gen/store_interface.c $B/flags
$B/module/sql_files.o $B/module/store_interface.o:
	$(call say,CC,$<)
	$Q mkdir -p $(@D)
	$Q$(CC) $(ALL_CPPFLAGS) $(MODULE_CFLAGS) -MMD -MP -c -o $@ $<

$B/gen/postgres_files.c: sql/embed.sh $(MODSQL) $B/sources
	$(call say,EMBED,$@)
	$Q mkdir -p $(@D)
	$Q sh sql/embed.sh $@ $(MODSQL)

$(MODULE): $(MODOBJ) $B/sources
	$(call say,LINK,$@)
	$(if $(HAS_PQ),,@echo 'POSTGRES=1 takes libpq with its header, which $(CC) does not find; the package is libpq-dev' >&2; exit 1)
	$Q$(CC) -shared $(filter-out -pie,$(ALL_LDFLAGS)) -o $@ $(MODOBJ) $(PQ_LIBS) $(LIBS)

$B/unit/pollchat-postgres.so: $(MODULE)
	$Q mkdir -p $(@D) && ln -sf ../$(<F) $@

# What the module calls of a program: the linker's options by which a program has these functions
# and exports them.
$B/gen/exports: $(MODOBJ) $(LIBRARY)
	$(call say,EXPORTS,$@)
	$Q nm=$$($(CC) -print-prog-name=nm) && \
	  { $$nm -g --defined-only $(LIBRARY); echo =; $$nm -g $(MODOBJ); } | awk ' \
	    $$1 == "=" { module = 1 } \
	    !module && NF == 3 { there[$$3] = 1 } \
	    module && NF == 2 && $$1 == "U" { called[$$2] = 1 } \
	    module && NF == 3 { own[$$3] = 1 } \
	    END { for (f in called) { if (f in there && !(f in own)) { print "-Wl,-u," f ",--export-dynamic-symbol=" f } } }' | sort >$@

# Program and module share structs, so each knows which headers it was built with.
HEADERS  := $(sort $(foreach r,base system chat peace store store/sql,$(wildcard cgi-bin/$r/*.h cgi-bin/$r/private/*.h)))
$B/gen/store_interface.c: $(HEADERS) $B/flags
	$(call say,HASH,$@)
	$Q mkdir -p $(@D)
	$Q printf '#include "store/private/store_module.h"\n\nconst char store_interface[] = "%s %s %s";\n' '$(VERSION)' '$(VARIANT)' \
	  "$$(cat $(HEADERS) | cksum | tr ' ' -)" >$@

# ---- what is made from other files ---------------------------------------------------------------

# Characters that look alike: Unicode's list, and ours before it.
LOOKS    := cgi-bin/peace/looks.txt cgi-bin/peace/confusables.txt
$B/gen/confusables.c: cgi-bin/peace/confusables.sh $(LOOKS)
	$(call say,TABLE,$@)
	$Q mkdir -p $(@D)
	$Q sh cgi-bin/peace/confusables.sh compile $@ $(LOOKS)

# These files hold the compiler with its flags, and the list of sources. When one changes, what
# depends on it is built again.
$B/flags:   STAMP = $(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(ALL_LDFLAGS) $(LIBS) $(PQ_FLAGS) $(PQ_LIBS)
$B/sources: STAMP = $(LIBSRC) $(SQL) $(MODSRC) $(MODSQL)
$B/flags $B/sources: FORCE
	@mkdir -p $(@D)
	@[ $(@F) != flags ] || [ -e $@ ] || CC='$(CC)' CPPFLAGS='$(CPPFLAGS) $(CFLAGS)' tests/deps/need --check build || : # only a hint; the compiler decides
	@new=$@.$$$$; printf '%s\n' '$(subst ','\'',$(STAMP))' >$$new; if cmp -s $$new $@; then rm -f $$new; else mv $$new $@; fi

-include $(OBJECTS:.o=.d)

# ---- a folder that works: programs, page, server configurations ----------------------------------
# cgi-bin holds the programs, www is what a web server serves; the database is in neither, but
# beside them.

STAGE := $B/stage
PLACE  = $(DESTDIR)$(PREFIX)/lib/pollchat
TREES := $(wildcard www lighttpd apache)
FILES  = $(wildcard cgi-bin/chat.conf.example cgi-bin/OWNER.md sql/postgres/README.md README.md LICENSE) $(shell find $(TREES) -path apache/archive -prune -o -type f ! -name '.*.sw?' ! -path www/README.md -print)

# Each file is replaced by rename: a running program keeps its old file, and no reader gets half a
# file.
put = put() { mkdir -p "$${2%/*}" && cp "$$1" "$$2.new" && touch -r "$$1" "$$2.new" && lean "$$1" "$$2.new" && chmod "$$3" "$$2.new" && mv -f "$$2.new" "$$2"; }

# Removes comments, indentation and empty lines from the files that visitors load. A comment after
# code is removed only if it contains no quote, except an apostrophe between letters: then it is in
# no string.
lean = lean() { case "$$1" in (www/*.js|www/*.css|www/*.html) awk -v js="$${1\#\#*.}" '/^[ \t]*\/\*/ { c = 1 } c { if (/\*\//) { c = 0 } next } /^[ \t]*\/\// { next } \
	{ sub(/^[ \t]+/, ""); if (js == "js") { sub(/[ \t]+\/\/ ([^"\047`]|[a-z]\047[a-z])*$$/, "") } } NF' "$$1" >"$$2" && touch -r "$$1" "$$2" ;; esac; }

define layout # FOLDER, PROGRAMS
	$Q umask 022; set -e; $(lean); $(put); \
	for p in $2; do put "$$p" "$1/cgi-bin/$${p##*/}" 755; done; \
	$(if $(MODULE),put $(MODULE) "$1/cgi-bin/$(notdir $(MODULE))" 644,rm -f "$1/cgi-bin/pollchat-postgres.so"); \
	for f in $(FILES); do put "$$f" "$1/$$f" 644; done
endef

# Removes staged files that the tree no longer has.
prune = $Q cd $(STAGE) && for f in $$(find $(TREES) -type f); do [ -e "$(CURDIR)/$$f" ] || rm -f "$$f"; done

stage: all ## put programs, page and server configurations together in build/VARIANT/stage
	$(call say,STAGE,$(STAGE))
	$(call layout,$(STAGE),$(PROGRAMS))
	$(prune)

# Units for systemd with their paths; none is enabled.
PAIRS := $(foreach p,send poll,pollchat-$p.service pollchat-$p.socket)
SYSUSERS = $(DESTDIR)$(PREFIX)/lib/sysusers.d/pollchat.conf

install: all ## install into PREFIX/lib/pollchat, PREFIX/bin/pollchat and, for systemd, UNITS; DESTDIR= is put before each
	$(call say,INSTALL,$(PLACE))
	$(call layout,$(PLACE),$(PROGRAMS))
	$Q umask 022; mkdir -p "$(DESTDIR)$(PREFIX)/bin"; cd "$(DESTDIR)$(PREFIX)/bin" && \
	rm -f pollchat.new && ln -s ../lib/pollchat/cgi-bin/pollchat pollchat.new && mv -fT pollchat.new pollchat
	$Q [ '$(UNITS)' = none ] || { umask 022; set -e; mkdir -p "$(DESTDIR)$(UNITS)" '$(dir $(SYSUSERS))'; cp cgi-bin/systemd/sysusers.conf '$(SYSUSERS)'; \
	for unit in $(PAIRS); do name=$${unit#pollchat-}; sed -e "s|@PROGRAM@|$${name%.*}|g; s|@PLACE@|$(PREFIX)/lib/pollchat|g; s|@WEB_GROUP@|$(WEB_GROUP)|g" \
	  "cgi-bin/systemd/pollchat.$${unit##*.}" >"$(DESTDIR)$(UNITS)/$$unit"; done; }

uninstall: ## remove what install put there; chat.conf and the data stay
	$Q [ -d "$(PLACE)" ] || { echo 'nothing is installed in $(PLACE)'; exit 0; }; \
	rm -f "$(DESTDIR)$(PREFIX)/bin/pollchat" '$(SYSUSERS)' $(addprefix "$(DESTDIR)$(UNITS)"/,$(PAIRS)); cd "$(PLACE)" && \
	rm -f $(FILES) $(addprefix cgi-bin/,$(notdir $(PROGRAMS)) pollchat-postgres.so) && \
	{ find cgi-bin sql $(TREES) -depth -type d -exec rmdir {} \; 2>/dev/null; cd .. && rmdir pollchat 2>/dev/null || echo 'kept in $(PLACE):' $$(ls -A '$(PLACE)'); }

deb: all ## build a Debian package: build/pollchat_VERSION_ARCH.deb
	$Q cgi-bin/debian/build '$(VERSION)'

# ---- the archive for shared hosting --------------------------------------------------------------

DISTLIBS := libsqlite3-dev libjansson-dev libinih-dev libsodium-dev libutf8proc-dev musl-dev
DEBIAN.x86_64  := amd64
DEBIAN.aarch64 := arm64
MUSL     := $(SYSROOT)/usr/lib/$(ARCH)-linux-musl

dist: ## build/pollchat-VERSION-linux-ARCH.zip and .tar.gz, for a host without a shell; ARCH=x86_64 or aarch64
	@tests/deps/need dist-$(ARCH)
	@tests/deps/sysroot $(DEBIAN.$(ARCH)) build/sysroot-$(ARCH) $(DISTLIBS)
	@$(MAKE) --no-print-directory VARIANT=dist-$(ARCH) dist-parts
	@apache/archive/build $(VERSION) $(ARCH) build/dist-$(ARCH)

# A staged folder for the tests, whose three programs are the archive's program.
dist-parts: $B/bundle $B/start
	$(call layout,$(STAGE),)
	$(prune)
	$Q umask 022; for p in send poll pollchat; do cp $B/bundle $(STAGE)/cgi-bin/$$p.new && mv -f $(STAGE)/cgi-bin/$$p.new $(STAGE)/cgi-bin/$$p; done

# The three programs in one file; the name it is started with decides which one runs.
$B/obj/%-main.o: $B/obj/cgi-bin/%.o
	$(call say,RENAME,$@)
	$Q$(OBJCOPY) --redefine-sym main=$*_main $< $@

$B/bundle: $B/obj/cgi-bin/archive/bundle.o $B/obj/send-main.o $B/obj/poll-main.o $B/obj/pollchat-main.o $(LIBRARY)
	$(call say,LINK,$@)
	$Q$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS) 2>$@.log || { cat $@.log; exit 1; } # the linker warns of gethostbyname and dlopen, which are never called

# The starter: it must be small, so it uses a small C library (musl).
$B/start: cgi-bin/archive/start.c cgi-bin/system/image.c cgi-bin/system/image.h $B/flags
	$(call say,LINK,$@)
	$Q$(CC) -std=c17 -D_GNU_SOURCE -Icgi-bin -Os $(WARNINGS) -ffile-prefix-map=$(CURDIR)=. -fno-stack-protector -ffunction-sections -static -nostdlib -nostdinc \
	    -isystem $(SYSROOT)/usr/include/$(ARCH)-linux-musl -s -Wl,--gc-sections -Wl,--build-id=none -Wl,-z,noexecstack -o $@ \
	    $(MUSL)/crt1.o $(MUSL)/crti.o cgi-bin/archive/start.c cgi-bin/system/image.c $(MUSL)/libc.a $(shell $(CC) -print-libgcc-file-name) $(MUSL)/crtn.o

# ---- run and test --------------------------------------------------------------------------------

run: ## serve the chat: SERVER=lighttpd PORT=8080 DATA=build/data STORE=postgres; installs what is missing
	@tests/deps/need build run-$(SERVER) $(if $(value STORE),$(if $(filter postgres,$(value STORE)),postgres,libpq))
	@$(MAKE) --no-print-directory $(if $(value STORE),POSTGRES=1) stage
	@CHAT_STORE='$(value STORE)' CHAT_POSTGRES=build/run/postgres exec tests/serve/serve '$(SERVER)' '$(PORT)' '$(DATA)' '$(STAGE)'

check: ## run what takes under three minutes; installs nothing. STEPS='unit js' runs some
	@tests/run --check $(STEPS)

test: ## run every test; installs what is missing. STEPS='unit cgi' runs some (tests/run --list)
	@tests/run $(STEPS)

deps: ## install (root) or name what is missing to build, run and test
	@tests/deps/need build test

unit: ## run the unit tests, with address and undefined behaviour sanitizers
	@$(MAKE) --no-print-directory VARIANT=asan unit-run

crash: ## run tests/crash: each call fails once, the power goes, processes die at every step
	@$(MAKE) --no-print-directory VARIANT=asan crash-run

# The longest tests start first.
SLOW := %/test_store_backup %/test_store_many %/test_store_files %/test_room_heads %/test_park

unit-run: $(UNIT) ## run the unit tests of VARIANT
	@tests/each $(filter $(SLOW),$(UNIT)) $(filter-out $(SLOW),$(UNIT))

crash-build: $(CRASH)

crash-run: $(CRASH)
	@tests/each $(CRASH)

valgrind: ## run the unit tests and a few requests under valgrind
	@$(MAKE) --no-print-directory VARIANT=release WERROR=1 stage valgrind-run

valgrind-run: $(UNIT)
	@tests/valgrind $(STAGE) $(UNIT)

unit-build: $(UNIT)

FUZZ_SECONDS ?= 60

fuzz: ## let clang's fuzzer search the parsers for FUZZ_SECONDS each (60); see tests/fuzz/run
	@tests/fuzz/run '$(FUZZ_SECONDS)'

cov: ## print the line coverage of the unit tests and of tests/cgi
	@$(MAKE) --no-print-directory VARIANT=cov stage unit-build
	@tests/coverage

bench: ## measure speed, compared with programs that do nothing and with similar software; installs what is missing (see tests/bench/README.md)
	@tests/deps/need build bench
	@$(MAKE) --no-print-directory VARIANT=release stage
	@$(MAKE) --no-print-directory VARIANT=static stage 2>/dev/null
	@tests/bench/run $(STAGE)

# ---- the form of the code ------------------------------------------------------------------------

lint: ## check form, warnings, includes, scripts, words, settings (not the tests)
	@tests/lint/run

check-format: ## is every C file laid out by .clang-format?
	@tests/lint/run format

format: ## lay every C file out by .clang-format
	$Qclang-format -i $$(git ls-files -co --exclude-standard '*.c' '*.h')

# ---- the rest ------------------------------------------------------------------------------------

clean: ## remove what was built; build/data and build/run (the messages of make run) stay
	$Q [ ! -d build ] || find build -mindepth 1 -maxdepth 1 ! -name data ! -name run -exec rm -rf {} +
	@for kept in build/data build/run; do [ ! -e $$kept ] || echo "kept: $$kept, the messages of make run (make distclean removes them too)"; done

distclean: ## remove what was built, what npm brought, and the messages of make run
	$Q rm -rf build tests/node_modules

help: ## this list
	@echo 'make [TARGET] [SETTING=value]'
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-13s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@echo 'Settings: VARIANT=release|static|asan|tsan|cov CC CFLAGS CPPFLAGS LDFLAGS PREFIX DESTDIR WERROR=1 V=1 POSTGRES=1|0|auto; run: SERVER PORT DATA STORE; test: STEPS'
