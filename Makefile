# Builds, tests and installs pgtls, and makes the documented certificate layouts; `make help` lists the targets.

PREFIX  = /usr/local
DESTDIR =
# Where certs-* write, and more arguments for them, such as ARGS='--server db.example.com --client alice'.
OUT     = pki
ARGS    =

CARGO   = cargo
BIN     = $(or $(CARGO_TARGET_DIR),target)/release/pgtls
SOURCES = $(shell find Cargo.toml Cargo.lock src profiles -type f 2>/dev/null)

.PHONY: build test lint bench install certs-intermediate certs-root-only certs-self-signed help
.DEFAULT_GOAL = build

build: $(BIN) ## build the release binary (the default)

# Cargo leaves the file alone where nothing has changed; the touch tells make that it is fresh.
$(BIN): $(SOURCES)
	$(CARGO) build --release --locked
	@touch -c $@

test: ## install the programs that judge our files, then run every test
	.ci/install-judges
	rustc --version
	$(CARGO) test --locked
	$(CARGO) test --locked --no-default-features --lib

lint: ## formatting, clippy and documentation, warnings denied
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets -- -D warnings
	$(CARGO) clippy --locked --no-default-features --lib -- -D warnings
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --locked --no-deps

bench: ## measure pgtls against openssl, as ratios; fails when a bound is broken
	$(CARGO) bench --locked

install: $(BIN) ## install the binary into $(DESTDIR)$(PREFIX)/bin
	install -d "$(DESTDIR)$(PREFIX)/bin"
	install -m 0755 "$(BIN)" "$(DESTDIR)$(PREFIX)/bin/pgtls"

# Each is safe to repeat: what is there and unchanged stays, what is missing is made.
certs-intermediate: $(BIN) ## root -> intermediate -> server and client, in $(OUT)
	"$(BIN)" gen chain --intermediate --if-missing -D "$(OUT)" $(ARGS)

certs-root-only: $(BIN) ## root -> server and client, in $(OUT)
	"$(BIN)" gen chain --if-missing -D "$(OUT)" $(ARGS)

certs-self-signed: $(BIN) ## self-signed server and client, for testing only, in $(OUT)
	"$(BIN)" gen self-signed --if-missing -D "$(OUT)" $(ARGS)

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' $(firstword $(MAKEFILE_LIST)) | while IFS='|' read -r target what; do \
		printf '  make %-20s %s\n' "$$target" "$$what"; done
