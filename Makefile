# Two commands: `make run` and `make test`. `make help` lists the pieces.
# ARGS are handed on: make run ARGS="--listen 127.0.0.1:9000", make test-sqlite ARGS="sync::".

CARGO ?= cargo
ARGS ?=

# What `server` builds.
DOORSTEP = $${CARGO_TARGET_DIR:-target}/debug/doorstep

.DEFAULT_GOAL := help
.PHONY: help run test server strace lint fmt clippy doc wasm deny test-unit test-sqlite test-postgres test-s3 s3-peer openapi policy-keys rules hostile \
        bench bench-postgres bench-peers bench-photos tunnel-day crash-points node-kills faulty-servers upload-trials convergence cheaters-week \
        hostile-pictures

help: ## lists the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 18

# The development profile builds several times faster than the release profile and is quick enough to try things out.
# Where its tools are there, libjpeg-turbo makes previews cheaper; the tests drive the build without it.
run: JPEG = $$(scripts/fast-jpeg)
run: server ## builds and starts the server with a demo company on SQLite (ARGS="--help" lists its options)
	@$(DOORSTEP) demo $(ARGS)

# The order is from cheap to dear; the first failure ends the run. Nothing is retried.
# All of it builds the whole workspace: with a part of it Cargo would choose other features of a few crates at the
# root of everything, and compile all dependencies once more.
test: lint doc wasm test-unit test-sqlite test-postgres test-s3 deny ## runs every check and every test, on both databases
	@echo "make test: everything passed$$(scripts/check-wasm --said)"

lint: fmt clippy ## checks format and lints, warnings are errors

fmt:
	$(CARGO) fmt --all --check

clippy:
	$(CARGO) clippy --locked --workspace --all-targets --features integration-tests/postgres -- -D warnings

doc: ## builds the documentation of all items, warnings are errors
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --workspace --no-deps --document-private-items

wasm: ## checks sync-core for browsers, where the target is installed
	scripts/check-wasm

test-unit: ## runs the unit and property tests of every crate, those of photos also with libjpeg-turbo where it can be built
	$(CARGO) test --locked --workspace $(ARGS)
	$(if $(shell scripts/fast-jpeg),$(CARGO) test --locked --workspace --features doorstep-media/turbo --test media $(ARGS))

# The tests drive the real executable, which Cargo builds for another package only when asked; `run` and `openapi` use the
# same one, built with the features of the whole workspace, so that nothing is compiled twice.
server:
	$(CARGO) build --locked --workspace --bin doorstep $(JPEG)

# As PostgreSQL's programs, strace is looked for first, so that a missing one is said in one place and fails.
strace:
	@scripts/strace

# They wait for disks and for other processes: on few cores more of them at once make up for that.
INTEGRATION = RUST_TEST_THREADS=$$(( $$(getconf _NPROCESSORS_ONLN) > 4 ? $$(getconf _NPROCESSORS_ONLN) : 4 ))

# What brings blobs and reads them, without what looks at files in the directory of blobs.
BLOBS = blobs::drawings blobs::links blobs::others blobs::revoked blobs::serving uploads:: ingest:: custody::receipts custody::not_stored v1::reviews findings:: siege::pictures \
	--skip nodes:: --skip uploads::durability --skip an_upload_whose_blob_has_gone \
	--skip bytes_that_come_again_give_a_picture --skip damage_that_is_mended_while --skip where_a_small_copy_is_lost \
	--skip a_visit_waits_for_the_small_copy_of

# One build of the tests for both databases; these make sense on PostgreSQL only.
POSTGRES_ONLY = --skip nodes:: --skip store::feed::concurrent:: --skip store::hints::a_commit_on_one_node

# As PostgreSQL's programs, the S3-compatible server is looked for first.
s3-peer:
	@scripts/s3-peer

test-sqlite: server strace s3-peer ## runs the integration tests on SQLite
	DOORSTEP_TEST_DATABASE=sqlite $(INTEGRATION) \
	$(CARGO) test --locked --workspace --features integration-tests/postgres --test it -- $(POSTGRES_ONLY) $(ARGS)

# The programs are looked for first, so that a missing PostgreSQL is said in one place and fails.
test-postgres: server strace s3-peer ## runs the integration tests on a throw-away PostgreSQL
	PG_BIN="$$(scripts/postgres)" && export PG_BIN && \
	DOORSTEP_TEST_DATABASE=postgres $(INTEGRATION) \
	$(CARGO) test --locked --workspace --features integration-tests/postgres --test it -- $(ARGS)

test-s3: server s3-peer ## runs the integration tests of blobs on an S3-compatible server (SQLite)
	DOORSTEP_TEST_BLOBS=s3 DOORSTEP_TEST_DATABASE=sqlite $(INTEGRATION) \
	$(CARGO) test --locked --workspace --features integration-tests/postgres --test it -- $(BLOBS) $(ARGS)

# The guard alone, then the running server on each database. The seed is told, and can be given again with
# DOORSTEP_HOSTILE_SEED.
hostile: server ## judges a million mutated changes: the guard alone, and the server on both databases
	DOORSTEP_HOSTILE_CHANGES=1000000 \
	scripts/must-run $(CARGO) test --locked --workspace --test corpus -- --nocapture mutated_changes
	DOORSTEP_TEST_EFFORT=long DOORSTEP_TEST_DATABASE=sqlite \
	scripts/must-run $(CARGO) test --locked --workspace --features integration-tests/postgres --test it -- --nocapture siege::mutants
	PG_BIN="$$(scripts/postgres)" && export PG_BIN && \
	DOORSTEP_TEST_EFFORT=long DOORSTEP_TEST_DATABASE=postgres \
	scripts/must-run $(CARGO) test --locked --workspace --features integration-tests/postgres --test it -- --nocapture siege::mutants

deny: ## checks licences and banned crates
	scripts/check-deny

policy-keys: server ## writes docs/POLICY.md anew from the table of keys
	@$(DOORSTEP) policy-keys $(ARGS) > docs/POLICY.md.new && mv docs/POLICY.md.new docs/POLICY.md

openapi: server ## writes openapi.yaml anew from the handlers
	@$(DOORSTEP) openapi $(ARGS) > openapi.yaml.new && mv openapi.yaml.new openapi.yaml

# The test that compares the page leaves the right one where things are built.
rules: ## writes docs/RULES.md anew from the sources and templates
	@$(CARGO) test --locked --workspace --features integration-tests/postgres --test it the_page_of_rules || mv target/RULES.md docs/RULES.md

# The release build is what is measured; its progress is shown. Results and machine belong in docs/BENCHMARKS.md.
bench: ## measures sync on SQLite against the release build (ARGS="--help" lists scenarios and sizes)
	$(CARGO) build --release --locked -p doorstep -p benchmarks --bin doorstep --bench sync
	$(CARGO) bench --locked -p benchmarks --bench sync -- $(ARGS)

bench-postgres: ## the same on a throw-away PostgreSQL
	$(CARGO) build --release --locked -p doorstep --bin doorstep
	PG_BIN="$$(scripts/postgres)" && export PG_BIN && \
	$(CARGO) bench --locked -p benchmarks --features postgres --bench sync -- --database postgres $(ARGS)

# Each client is a process of its own; the peers get the same documents.
PEERS := tests/peers/sync
bench-peers: ## measures Doorstep, samod, automerge-repo and PouchDB in one run (ARGS="--runs 1 --n 200")
	$(CARGO) build --release --locked -p doorstep -p benchmarks --bin doorstep --bench sync
	$(CARGO) build --release --manifest-path $(PEERS)/samod-server/Cargo.toml
	cd $(PEERS)/automerge-repo && npm install --no-audit --no-fund
	cd $(PEERS)/pouchdb && npm install --no-audit --no-fund
	node $(PEERS)/run.mjs $(ARGS)

# The build without C and the one with libjpeg-turbo are kept beside each other. What a run leaves is in the target directory.
PHOTO_PEERS := $${CARGO_TARGET_DIR:-target}/photo-peers
RELEASE := $${CARGO_TARGET_DIR:-target}/release
bench-photos: ## measures ingest and upload of photos beside sharp, vipsthumbnail and @tus/server (ARGS="--rounds 1 --photos 8")
	scripts/photo-peers
	mkdir -p $(PHOTO_PEERS)
	$(CARGO) build --release --locked -p doorstep --bin doorstep
	$(CARGO) build --release --locked -p doorstep-media --example photos --example ingest
	cp $(RELEASE)/doorstep $(PHOTO_PEERS)/doorstep
	cp $(RELEASE)/examples/photos $(PHOTO_PEERS)/photos-drawn
	cp $(RELEASE)/examples/ingest $(PHOTO_PEERS)/ingest-rust
	$(CARGO) build --release --locked -p doorstep-media --features turbo --example ingest
	cp $(RELEASE)/examples/ingest $(PHOTO_PEERS)/ingest-turbo
	node tests/peers/photos/run.mjs --built $(PHOTO_PEERS) $(ARGS)

# Each run is another day; its seed is told, and can be given again with DOORSTEP_TUNNEL_SEED.
tunnel-day: server ## plays the full day in tunnels on SQLite and writes docs/TUNNEL-DAY.md (about 20 minutes)
	DOORSTEP_TEST_EFFORT=long DOORSTEP_TEST_DATABASE=sqlite \
	scripts/must-run $(CARGO) test --locked --workspace --features integration-tests/postgres --test it -- --nocapture tunnel_day:: $(ARGS)

node-kills: server ## kills one of two nodes on PostgreSQL 100 times while phones go on at the other
	PG_BIN="$$(scripts/postgres)" && export PG_BIN && \
	DOORSTEP_TEST_EFFORT=long DOORSTEP_TEST_DATABASE=postgres \
	scripts/must-run $(CARGO) test --locked --workspace --features integration-tests/postgres --test it -- --nocapture nodes::kills $(ARGS)

# The seed is told, and can be given again with DOORSTEP_CRASH_SEED.
crash-points: server strace ## kills the server at every system call of a push and an upload, then 1,000 times at random (SQLite)
	DOORSTEP_TEST_EFFORT=long DOORSTEP_TEST_DATABASE=sqlite \
	scripts/must-run $(CARGO) test --locked --workspace --features integration-tests/postgres --test it -- --nocapture sync::crash $(ARGS)

# What is told: how much is found of each kind of cheating, and how many honest photos are suspected (docs/LONG-RUNS.md).
cheaters-week: server ## looks for re-used and faked photos among 2,000 honest visits (PICTURES=folder takes its pictures)
	DOORSTEP_TEST_EFFORT=long DOORSTEP_TEST_DATABASE=sqlite $(if $(PICTURES),DOORSTEP_TEST_PICTURES="$(abspath $(PICTURES))") \
	scripts/must-run $(CARGO) test --locked --workspace --features integration-tests/postgres --test it -- --nocapture findings::week $(ARGS)

# Decoders alone by the hundred for each format are played in every run. The seed is told, and can be given again with
# DOORSTEP_PICTURES_SEED.
hostile-pictures: server ## uploads 10,000 mutated JPEG, PNG, WebP and HEIC files among untouched ones (SQLite)
	DOORSTEP_TEST_EFFORT=long DOORSTEP_TEST_DATABASE=sqlite \
	scripts/must-run $(CARGO) test --locked --workspace --features integration-tests/postgres --test it -- --nocapture siege::pictures $(ARGS)

# In every run each faulty server meets the checks that must notice it; here all of them, so that no other breaks.
faulty-servers: server ## drives servers that are faulty in one way each through all checks of doorstep conformance (SQLite)
	DOORSTEP_TEST_EFFORT=long DOORSTEP_TEST_DATABASE=sqlite \
	scripts/must-run $(CARGO) test --locked --workspace --features integration-tests/postgres --test it -- --nocapture conformance::liars $(ARGS)

# The seed is told, and can be given again with DOORSTEP_UPLOADS_SEED.
upload-trials: server ## uploads 1,000 photos over a line that is cut and loses answers, to a server that is killed (SQLite)
	DOORSTEP_TEST_EFFORT=long DOORSTEP_TEST_DATABASE=sqlite \
	scripts/must-run $(CARGO) test --locked --workspace --features integration-tests/postgres --test it -- --nocapture uploads::trials $(ARGS)

# The first seed is told, and can be given again with DOORSTEP_SEED.
DOORSTEP_HISTORIES ?= 400000
convergence: ## plays 400,000 random histories of several replicas through the guard (DOORSTEP_HISTORIES=…)
	DOORSTEP_HISTORIES=$(DOORSTEP_HISTORIES) $(CARGO) test --locked --workspace --test convergence $(ARGS)
