# What takes more than go build and go test. Nothing here is needed to build or
# to use shadowpool.

KUBERNETES := experiments/cluster/testdata/kubernetes
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/shadowpool
KUBERNETES_BIN := $(CACHE)/kubernetes-$(shell sha256sum < $(KUBERNETES)/go.sum | cut -c1-12)

# A sweep as an array of Slurm's and as an Indexed Job of Kubernetes', with
# tasks killed and run again. The tests start and stop the daemons; those whose
# programs are not there are skipped.
.PHONY: cluster-test
cluster-test: kubernetes store
	PATH="$(KUBERNETES_BIN):$(CACHE)/bin:$$PATH:/usr/sbin" go test ./experiments/cluster -count 1 -v -run Cluster -cluster

# The API server and what goes with it: some ten minutes of two cores the first
# time. They are kept, by version, in the user's cache folder.
.PHONY: kubernetes
kubernetes: $(KUBERNETES_BIN)/etcd
	cd $(KUBERNETES) && go build -o $(KUBERNETES_BIN)/ ./node

$(KUBERNETES_BIN)/etcd:
	mkdir -p $(@D)
	cd $(KUBERNETES) && version=$$(go list -m -f '{{.Version}}' k8s.io/kubernetes) && minor=$${version#v1.} && \
	flags="-s -w -X k8s.io/component-base/version.gitVersion=$$version \
		-X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=$${minor%%.*}" && \
	go build -ldflags "$$flags" -o $(@D)/ k8s.io/kubernetes/cmd/kube-apiserver k8s.io/kubernetes/cmd/kube-controller-manager k8s.io/kubernetes/cmd/kubectl && \
	go build -ldflags "$$flags" -o $@ go.etcd.io/etcd/server/v3

# The S3 server that tests of the package for it start too.
.PHONY: store
store:
	command -v versitygw || test -x $(CACHE)/bin/versitygw || \
	GOBIN=$(CACHE)/bin $$(sed -n 's/^const Install = "\(.*\)"$$/\1/p' trace/bucket/buckettest/server.go)

# What is given to others: both commands for each platform with their
# documentation, and checksums. The same commit makes the same bytes. Needs GNU
# tar.
VERSION ?= $(shell git describe --tags --always --dirty)
PLATFORMS ?= linux/amd64 linux/arm64 darwin/amd64 darwin/arm64
COMMANDS ?= ./cmd/live ./cmd/simulate
DIST ?= dist
EPOCH := $(or $(SOURCE_DATE_EPOCH),$(shell git log -1 --format=%ct 2>/dev/null),0)

.PHONY: release
release:
	rm -rf $(DIST) && mkdir -p $(DIST)
	set -e; for platform in $(PLATFORMS); do \
		name=shadowpool_$(VERSION)_$$(echo $$platform | tr / _); \
		mkdir $(DIST)/$$name; \
		CGO_ENABLED=0 GOOS=$${platform%/*} GOARCH=$${platform#*/} GOFLAGS=-buildvcs=false \
			go build -trimpath -ldflags "-s -w -X main.release=$(VERSION)" -o $(DIST)/$$name/ $(COMMANDS); \
		cp -R README.md docs deploy/systemd $(DIST)/$$name/; \
		tar --sort=name --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX --mtime=@$(EPOCH) -C $(DIST) -cf - $$name | gzip -n > $(DIST)/$$name.tar.gz; \
		rm -r $(DIST)/$$name; \
	done
	cd $(DIST) && sha256sum *.tar.gz > SHA256SUMS

# That a release is the same each time, and needs nothing but itself.
.PHONY: release-test
release-test:
	go test ./deploy -count 1 -v -run Release -release -timeout 30m
