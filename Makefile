# Everything below needs Go alone; make emulate also needs Debian's packages, make peers npm.

GO ?= go

.PHONY: audit audit-llama.cpp peers test short race purego vet bench bench-gate fuzz-short fuzz-night fuzz-planted mutants seeds asm-mutants contracts corpus-pull-request emulate exhaustive vectors clean

# The main job: every kernel on hostile data and on the embedded trained model.
audit:
	$(GO) run ./cmd/assay audit $(MODEL)

# All tests; what is skipped is counted, and named with its reason. Tiers that
# this CPU lacks run on an emulated one where that can be had.
test: peers
	ASSAY_EMULATE=1 $(GO) tool gotestsum --format pkgname -- -timeout 20m ./...

# llama.cpp's released kernels, to audit and to race; what needs them is skipped without,
# but not in CI, which must have them.
PEERS = kernels/foreign/peers
peers:
	@if [ $(PEERS)/node_modules/.package-lock.json -nt $(PEERS)/package-lock.json ]; then :; \
	elif command -v npm >/dev/null; then npm ci --prefix $(PEERS) --ignore-scripts --no-audit --no-fund || [ -z "$$CI" ]; \
	elif [ -n "$$CI" ]; then echo "no npm, so no kernels of llama.cpp"; exit 1; \
	else echo "skipped: no npm, so no kernels of llama.cpp"; fi

# All of them that this CPU can run, held to docs/audit-llama.cpp.md's reviewed deviations.
audit-llama.cpp: peers
	$(GO) run ./cmd/assay lib -peers -budget 0.3 -judged kernels/foreign/llama.cpp.yaml -report docs/audit-llama.cpp.md

# A quick look while working.
short: peers
	$(GO) test -short ./...

# Of props, one op that uses threads as all matvecs do: there is nothing to find in the
# others, whose assembly package kernels announces to it in its own tests.
race: peers
	$(GO) test -race -short -timeout 10m $$($(GO) list ./... | grep -v '/props$$')
	$(GO) test -race -short -timeout 10m -run '^TestKernels$$/^matvec_q4k_q8k' ./props

# The build without assembly.
purego: peers
	$(GO) test -short -tags purego ./...

# Other architectures and builds without assembly must at least compile whole.
vet:
	@for arch in amd64 arm64 s390x; do for tags in '' purego; do \
		echo "go vet $$arch $$tags"; GOARCH=$$arch $(GO) vet -tags "$$tags" ./... || exit 1; \
	done; done

# Our kernels against llama.cpp's, side by side, and a roofline plot. For benchstat:
# go test -run '^$$' -bench . ./oracle ./kernels
bench: peers
	$(GO) run ./cmd/assay bench -plot roofline.svg

# Fails if a kernel has become slower than at BASE.
BASE ?= HEAD~1
bench-gate:
	$(GO) run ./cmd/assay bench-gate -base $(BASE)

mutants:
	$(GO) run ./cmd/assay mutants

# Every mutant by 200 seeds: one that is killed by luck survives some.
seeds:
	ASSAY_MUTANT_SEEDS=200 $(GO) test -count=1 -timeout 5h -run '^TestMutantSeeds$$' ./props

# What the project claims, and this run's evidence.
contracts:
	$(GO) run ./cmd/assay contracts

# The assembly, mutated one instruction at a time; taken up where it was interrupted.
asm-mutants:
	$(GO) run ./cmd/assay asm-mutants

# The corpus as plain files with bounds, for other languages: see corpus/README.md.
vectors:
	$(GO) run ./cmd/assay vectors -o assay-vectors.tar.gz

# About a minute of every fuzz target, for a pull request. Executions are counted, for a
# deadline can fail spuriously (golang/go#75804). Making what was found smaller is
# counted too, and would otherwise take nearly all of them.
fuzz-short:
	@for p in ./fuzz ./corpus/npy ./props/activation; do \
		for t in $$($(GO) test -list '^Fuzz' $$p | grep '^Fuzz'); do \
			$(GO) test -run '^$$' -fuzz "^$$t$$" -fuzztime 5000x -fuzzminimizetime 10x $$p || exit 1; \
		done; \
	done

# All fuzz targets in turn on all cores; what they find goes to the corpus.
HOURS ?= 8
fuzz-night:
	$(GO) run ./cmd/assay fuzz-night -hours $(HOURS)

# What a night has found, as a pull request; needs git and GitHub's gh.
corpus-pull-request:
	@if [ -z "$$(git status --porcelain corpus fuzz)" ]; then echo "the corpus is as it was"; exit 0; fi; \
	branch=corpus-$$(date +%Y%m%d%H%M) && git switch -c $$branch && git add corpus fuzz && \
	git -c user.name=assay -c user.email=assay@localhost commit -m "corpus: what a night of fuzzing found" && \
	git push origin $$branch && gh pr create --fill --head $$branch

# How long the fuzz targets take to find known defects.
fuzz-planted:
	$(GO) run ./cmd/assay fuzz-planted

# The tiers that this CPU lacks, on an emulated one.
emulate:
	ASSAY_EMULATE=1 $(GO) test -count=1 -v -timeout 20m -run TestEmulatedTiers ./props

# All 2^32 arguments of the ops of one f32, every scale and quant of the
# dequantisers; taken up where it was interrupted.
exhaustive:
	$(GO) run ./cmd/assay sweep

clean:
	$(GO) clean -testcache
