EXTENSION = tnfr_pg
EXTVERSION = 0.1.0

MODULE_big = $(EXTENSION)
CORE_OBJS = $(patsubst %.c,%.o,$(sort $(wildcard src/core/*.c)))
PG_OBJS = $(patsubst %.c,%.o,$(sort $(wildcard src/pg/*.c src/pg/gpu/*.c)))
OBJS = $(CORE_OBJS) $(PG_OBJS) src/device/client.o
DATA = sql/$(EXTENSION)--$(EXTVERSION).sql $(sort $(wildcard sql/$(EXTENSION)--*--*.sql))

REGRESS = $(patsubst test/sql/%.sql,%,$(sort $(wildcard test/sql/*.sql)))
REGRESS_OPTS = --inputdir=test		# the answers are in expected/
ISOLATION = $(patsubst test/isolation/specs/%.spec,%,$(sort $(wildcard test/isolation/specs/*.spec)))
ISOLATION_OPTS = --inputdir=test/isolation
PROVE_TESTS = $(sort $(wildcard test/t/*.pl))
TAP_TESTS := $(PROVE_TESTS)

PG_CONFIG ?= pg_config

# Wins over the -O2 of pg_config.  Code for newer processors is chosen at run
# time, so -march=native gains little; OPTFLAGS="-O2 -g" is fine for debugging.
OPTFLAGS ?= -O3

# The same bits on every machine: the compiler must not fuse a*b+c.  Nothing
# here may ever imply -ffast-math.
BITFLAGS = -ffp-contract=off

# gcc brings libgomp, clang wants Debian's libomp-dev.
OMPFLAGS = -fopenmp

# PostgreSQL's headers do not pass -Wextra; as system headers they are quiet.
WARNFLAGS = -Wall -Wextra
SYSTEM_HEADERS = -isystem $(shell $(PG_CONFIG) --includedir-server 2>/dev/null)

# pg_config may name gcc's flags to a clang that does not know them.
ifneq ($(findstring clang,$(CC)),)
WARNFLAGS += -Wno-unknown-warning-option -Wno-ignored-optimization-argument
endif

# -MMD -MP write down which headers an object was made from.
PG_CPPFLAGS = -Isrc $(SYSTEM_HEADERS) -MMD -MP -DTNFR_VERSION='"$(EXTVERSION)"'
PG_CFLAGS = $(WARNFLAGS) $(OPTFLAGS) $(BITFLAGS) $(OMPFLAGS)
SHLIB_LINK = $(OMPFLAGS) -lm
EXTRA_CLEAN = build $(OBJS:.o=.d)

# Bitcode lets the JIT inline a function into an expression.  It is made by
# clang, whose OpenMP calls another run-time library than gcc's: never mix them.
override with_llvm = no

# The core is called by the glue alone and leaves no symbol in the backend.
$(CORE_OBJS): override CFLAGS += -fvisibility=hidden

# The program that owns a device, and the library it opens.  Neither is part of
# the extension's own library: no session ever loads CUDA.
DEVICE_PROGRAM = build/device/tnfr_pg_device
DEVICE_OBJS = $(patsubst src/device/%.c,build/device/%.o,$(sort $(wildcard src/device/child/*.c)))
DEVICE_CFLAGS = -D_GNU_SOURCE -g -Isrc -MMD -MP $(WARNFLAGS) $(OPTFLAGS) $(BITFLAGS)

# For A100 and its like, H100 and its like, and by PTX whatever is newer.
# Nothing may be fused here, either.  "make NVCC=" goes without.
NVCC ?= $(firstword $(shell command -v nvcc) $(wildcard /usr/local/cuda/bin/nvcc))
CUDA_LIBRARY = build/cuda/tnfr_pg_cuda.so
CUDA_ARCH = -gencode arch=compute_80,code=sm_80 -gencode arch=compute_90,code=sm_90 \
	-gencode arch=compute_90,code=compute_90
CUDA_FLAGS = -std=c++17 -O3 -fmad=false -lineinfo -Xptxas -warn-spills,-warn-lmem-usage -Isrc -Icuda $(CUDA_ARCH) \
	-Xcompiler -fPIC,-fvisibility=hidden,-Wall,-Wextra,-ffp-contract=off
HAVE_NVCC = $(shell command -v "$(NVCC)" 2>/dev/null)
DEVICE_FILES = $(DEVICE_PROGRAM) $(if $(HAVE_NVCC),$(CUDA_LIBRARY))

PGXS := $(shell $(PG_CONFIG) --pgxs 2>/dev/null)
ifneq ($(wildcard $(PGXS)),)
include $(PGXS)
-include $(OBJS:.o=.d)
else
all install:
	@echo 'No PGXS: run scripts/deps.sh, or set PG_CONFIG=/path/to/pg_config' >&2; false
endif

# These take care of all they need, from packages to a cluster; they build and
# install into a temporary directory.
export PG_CONFIG

.PHONY: device install-device uninstall-device
device: $(DEVICE_FILES)
	$(if $(HAVE_NVCC),,@echo 'CUDA: skipped, there is no nvcc (make NVCC=/path/to/nvcc)')

# Beside the extension's library: it is no command for users, and the server
# finds it there, whatever version is installed elsewhere.
ifneq ($(wildcard $(PGXS)),)
.PHONY: install-device uninstall-device
all: device
install: install-device
uninstall: uninstall-device

install-device: device
	$(MKDIR_P) '$(DESTDIR)$(pkglibdir)'
	$(INSTALL_PROGRAM) $(DEVICE_PROGRAM) '$(DESTDIR)$(pkglibdir)/'
	$(if $(HAVE_NVCC),$(INSTALL_SHLIB) $(CUDA_LIBRARY) '$(DESTDIR)$(pkglibdir)/')

uninstall-device:
	rm -f $(patsubst %,'$(DESTDIR)$(pkglibdir)/%',$(notdir $(DEVICE_PROGRAM) $(CUDA_LIBRARY)))
endif

# The server's tests have a device that computes on the processor, and fails on
# demand.
TEST_LIBRARY = build/test/cpu_device.so
installcheck: $(TEST_LIBRARY)

$(TEST_LIBRARY): test/device/cpu_device.c src/core/kernel.c $(wildcard cuda/*.h src/core/*.h)
	@mkdir -p $(@D)
	$(CC) $(DEVICE_CFLAGS) -fPIC -shared -o $@ $(filter %.c,$^)

build/device/%.o: src/device/%.c
	@mkdir -p $(@D)
	$(CC) $(DEVICE_CFLAGS) -c -o $@ $<

$(DEVICE_PROGRAM): $(DEVICE_OBJS)
	$(CC) $(OPTFLAGS) -o $@ $^ -ldl

$(CUDA_LIBRARY): $(wildcard cuda/*.cu)
	@mkdir -p $(@D)
	$(NVCC) $(CUDA_FLAGS) -MMD -MF $@.d --shared -cudart static -Xlinker --as-needed -o $@ $<

-include $(DEVICE_OBJS:.o=.d) $(CUDA_LIBRARY).d

.PHONY: demo test valgrind matrix fuzz bench unit unit-programs fuzz-program gpu

demo test valgrind matrix:
	@scripts/$@.sh

fuzz:
	@scripts/fuzz.sh $(SECONDS)

bench:
	@test/bench/run.sh

gpu:
	@test/gpu/run.sh

# Unit tests: the core without a server, under sanitizers.
UNIT = $(patsubst test/unit/%.c,build/unit/%,$(sort $(wildcard test/unit/*.c)))
UNIT_CORE = $(patsubst src/core/%.c,build/unit/core/%.o,$(sort $(wildcard src/core/*.c)))
UNIT_CFLAGS = -D_GNU_SOURCE -Itest/unit -g -O1 -fno-omit-frame-pointer -Isrc -MMD -MP $(WARNFLAGS) $(BITFLAGS) $(OMPFLAGS) \
	-fsanitize=address,undefined -fno-sanitize-recover=undefined

unit: unit-programs
	prove --exec '' $(PROVE_FLAGS) $(UNIT)

unit-programs: $(UNIT)

build/unit/core/%.o: src/core/%.c
	@mkdir -p $(@D)
	$(CC) $(UNIT_CFLAGS) -c -o $@ $<

build/unit/%: test/unit/%.c $(UNIT_CORE)
	$(CC) $(UNIT_CFLAGS) -o $@ $< $(UNIT_EXTRA) $(UNIT_CORE) -lm

# Some talk to the program and to a device library that goes wrong at will.
UNIT_PROGRAM = build/unit/device/tnfr_pg_device
UNIT_LIBRARY = build/unit/device/cpu_device.so
UNIT_DEVICE_OBJS = $(DEVICE_OBJS:build/%=build/unit/%)
UNIT_LIBRARY_OBJS = build/unit/device/cpu_device.o build/unit/device/kernel.o

build/unit/device_sums build/unit/device_faults: build/unit/device/client.o $(UNIT_PROGRAM) $(UNIT_LIBRARY)
build/unit/device_sums build/unit/device_faults: UNIT_EXTRA = build/unit/device/client.o \
	-DDEVICE_PROGRAM='"$(CURDIR)/$(UNIT_PROGRAM)"' -DDEVICE_LIBRARY='"$(CURDIR)/$(UNIT_LIBRARY)"'

build/unit/device/%.o: src/device/%.c
	@mkdir -p $(@D)
	$(CC) $(UNIT_CFLAGS) -c -o $@ $<

build/unit/device/cpu_device.o: test/device/cpu_device.c
build/unit/device/kernel.o: src/core/kernel.c

$(UNIT_LIBRARY_OBJS):
	@mkdir -p $(@D)
	$(CC) $(UNIT_CFLAGS) -fPIC -c -o $@ $<

$(UNIT_PROGRAM): $(UNIT_DEVICE_OBJS)
	$(CC) $(UNIT_CFLAGS) -o $@ $^ -ldl

$(UNIT_LIBRARY): $(UNIT_LIBRARY_OBJS)
	$(CC) $(UNIT_CFLAGS) -shared -o $@ $^

-include $(UNIT_CORE:.o=.d) $(UNIT:=.d) $(UNIT_DEVICE_OBJS:.o=.d) $(UNIT_LIBRARY_OBJS:.o=.d)

# The decoder of graphs under libFuzzer: make fuzz SECONDS=600
FUZZ_CC ?= clang
FUZZ_CFLAGS = -D_GNU_SOURCE '-DTNFR_CODEC_BLOCK=UINT64_C(32)' -Itest/unit -g -O1 -fno-omit-frame-pointer -Isrc $(WARNFLAGS) $(BITFLAGS) $(OMPFLAGS) \
	-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined

fuzz-program: build/fuzz/decode

build/fuzz/%: test/fuzz/%.c $(wildcard src/core/*.[ch]) $(wildcard test/unit/*.h)
	@mkdir -p $(@D)
	$(FUZZ_CC) $(FUZZ_CFLAGS) -o $@ $< $(wildcard src/core/*.c) -lm
