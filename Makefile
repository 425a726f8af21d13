# The ways in: `make scenario-576-router` runs one story, `make test` runs everything. `make` alone lists the targets.
#
# .venv is set up on first use and again when pyproject.toml or constraints.txt changes. Every package is held to its hash. Two
# stamps, each written last, so that an interrupted set-up has none:
#   .venv/.run   pmtulab and what it needs to run; holds the directory that it was made in, as a copied .venv points at the original
#   .venv/.dev   what the tests and checks need as well
# PYTHON=python3.12 make ... chooses the interpreter; without it the first that fits of python3, python3.14 ... python3.11 is used.
#
# make exits with 2 whenever a command fails, whatever that command's own status was; for pmtulab's, run .venv/bin/pmtulab itself.

SHELL := /bin/sh
.SHELLFLAGS := -euc
.ONESHELL:
.DEFAULT_GOAL := help
.PHONY: help report kernels test test-kernels check bench fuzz clean constraints tools daemons FORCE

# ip, nft and tcpdump live in directories that an ordinary user's PATH lacks.
export PATH := $(PATH):/usr/sbin:/sbin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

PACKAGES := lab topologies scenarios
PIP = .venv/bin/python -m pip install --quiet --no-input
# The line of constraints.txt that parts what pmtulab needs to run from what its tests need.
DEV_LINE := \# Only for tests and checks:
# Programs that the tests hold our results against, or run in a lab, each with Debian's package of it.
TOOLS := ping:iputils-ping tracepath:iputils-tracepath tcpdump:tcpdump tshark:tshark nft:nftables ip:iproute2 iptables:iptables mnexec:mininet \
	dot:graphviz zsh:zsh fish:fish chromium:chromium \
	iperf3:iperf3 curl:curl socat:socat dnsmasq:dnsmasq-base dig:bind9-dnsutils gtlsclient:ngtcp2-client wg:wireguard-tools wireguard-go:wireguard-go \
	gpg:gpg depmod:kmod qemu-system-x86_64:qemu-system-x86
# Daemons that the tests run in nodes. Their packages, once installed, would start them: they are unpacked, into .venv/daemons.
DAEMONS := nginx:nginx chronyd:chrony gtlsserver:ngtcp2-server

help: ## list the targets
	@sed -n 's/^\([a-z%-]*\):.*## \(.*\)/\1|\2/p' Makefile | sed 's/%/NAME/' | while IFS='|' read -r target does; do
		printf '  make %-15s %s\n' "$$target" "$$does"
	done

scenario-%: .venv/.run FORCE ## run one scenario and judge it
	@.venv/bin/pmtulab run '$*'

report: .venv/.run ## run 576-router and make a page of it: out/576-router/report.html
	@.venv/bin/pmtulab run 576-router --html

# A claim that fails somewhere is what a matrix is for: it is made all the same, and its status counts. 125: a kernel could not be run.
kernels: .venv/.dev ## run everything on Debian's kernels of today, and make a page of them: out/kernels.html
	@ran=0
	.venv/bin/pmtulab kernels run --traits all || ran=$$?
	case $$ran in 0|1|125) ;; *) exit "$$ran" ;; esac
	.venv/bin/pmtulab kernels matrix --html out/kernels.html
	exit $$((ran == 125 ? ran : 0))

# Two files of tests at a time: a lab knows nothing of another one, and tests that are alone with the machine hide what is not so.
# A file stays together, as some share a run of the catalogue, and in order, as that one is better begun early.
BESIDE := -n 2 --dist loadfile --no-loadscope-reorder
test: .venv/.dev tools daemons ## run all tests, in network namespaces of their own
	@.venv/bin/python -m pytest $(BESIDE) tests/pure tests/golden tests/world tests/integration

# Not a part of `make test`: five kernels of 108 MB each are fetched, the first time, and booted.
test-kernels: .venv/.dev tools ## bisect over Debian's kernels, on the real ones: minutes
	@.venv/bin/python -m pytest tests/guests

check: .venv/.dev ## lint, format, types and the pure tests: seconds, no privileges
	@.venv/bin/ruff check --quiet --output-format concise
	.venv/bin/ruff format --check --quiet || { .venv/bin/ruff format --check --output-format concise; exit 1; }
	.venv/bin/mypy
	.venv/bin/python -m pytest --quiet tests/pure

bench: .venv/.dev ## measure
	@.venv/bin/python -m tests.bench

# One seed gives the same networks each time; what the theory does not foresee is shrunk, and printed as a scenario file.
N ?= 1000
SEED ?= 1
fuzz: .venv/.dev ## play random networks and compare them with the theory (N=1000 SEED=1)
	@.venv/bin/pmtulab fuzz --n '$(N)' --seed '$(SEED)'

clean: ## remove .venv, out, build products and caches
	@rm -rf .venv out pmtulab-failures build *.egg-info .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find $(PACKAGES) tests -name __pycache__ -type d -prune -exec rm -rf {} +

# Answers in words, so that one that cannot even start (a shim that leads nowhere) is told from one that will not do.
define ASK_PYTHON
import sys
name = "python%d.%d" % sys.version_info[:2]
if sys.version_info < (3, 11):
    print("old " + name)
else:
    try:
        import ensurepip, venv
        print("fits")
    except ImportError:
        print("bare " + name)
endef
export ASK_PYTHON

ifneq ($(file <.venv/.run),$(CURDIR))
.venv/.run: FORCE
endif
ifdef PYTHON
ifneq ($(file <.venv/.python),$(PYTHON))
.venv/.run: FORCE
endif
endif

.venv/.run: pyproject.toml constraints.txt
	@advice='pmtulab needs Python 3.11 or newer: install python3 and python3-venv, or name one with PYTHON=python3.12 make ...'
	fits=
	for python in $${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
		case $$("$$python" -c "$$ASK_PYTHON" 2>/dev/null) in
			fits) fits=$$python; break ;;
			bare*) advice="$$python cannot make a virtual environment: apt-get install $$("$$python" -c "$$ASK_PYTHON" | cut -c6-)-venv" ;;
		esac
	done
	[ "$$fits" ] || { echo "$$advice" >&2; exit 1; }
	echo 'setting up .venv (once, about 10 s)'
	trap 'exit 130' HUP INT TERM
	trap '[ -e .venv/.run ] || rm -rf .venv' EXIT
	rm -rf .venv
	set_up() {
		"$$fits" -m venv .venv &&
		sed '/^$(DEV_LINE)/,$$d' constraints.txt >.venv/run.txt &&
		$(PIP) --require-hashes -r .venv/run.txt &&
		$(PIP) --no-deps --no-build-isolation -e .
	}
	said=$$(set_up 2>&1) || { printf '%s\n' "$$said" >&2; exit 1; }
	echo "$${PYTHON-}" >.venv/.python
	echo '$(CURDIR)' >.venv/.run

.venv/.dev: .venv/.run
	@echo 'adding the test tools to .venv (once, about 10 s)'
	said=$$($(PIP) --require-hashes -r constraints.txt 2>&1) || { printf '%s\n' "$$said" >&2; exit 1; }
	touch .venv/.dev

# As root on Debian and its kin, install what is missing. Elsewhere say it: those tests then skip. In CI nothing may be missing.
tools:
	@look() {
		missing= packages=
		for pair in $(TOOLS); do
			command -v "$${pair%%:*}" >/dev/null || { missing="$$missing $${pair%%:*}" packages="$$packages $${pair#*:}"; }
		done
	}
	apt() {
		apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq --no-install-recommends install $$packages
	}
	look
	if [ "$$missing" ] && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
		echo "installing$$packages"
		said=$$(apt </dev/null 2>&1) || printf '%s\n' "$$said" >&2
		look
	fi
	if [ "$$missing" ]; then
		echo "missing:$$missing; tests that need them are skipped (Debian, Ubuntu: apt-get install$$packages)" >&2
		[ "$${CI-}" != true ] || exit 1
	fi

# Needs no root where apt has its lists. What they are linked with comes with the packages of TOOLS.
daemons: .venv/.run tools
	@look() {
		missing= packages=
		for pair in $(DAEMONS); do
			[ -x ".venv/daemons/usr/sbin/$${pair%%:*}" ] || command -v "$${pair%%:*}" >/dev/null ||
				{ missing="$$missing $${pair%%:*}" packages="$$packages $${pair#*:}"; }
		done
	}
	unpack() {
		work=$$(mktemp -d)
		trap 'rm -rf "$$work"' EXIT
		(cd "$$work" && { apt-get -qq download $$packages || { apt-get -qq update && apt-get -qq download $$packages; }; }) &&
		for package in "$$work"/*.deb; do
			dpkg-deb --extract "$$package" .venv/daemons || return 1
		done
	}
	look
	if [ "$$missing" ] && command -v apt-get >/dev/null; then
		echo "unpacking$$packages"
		said=$$(unpack </dev/null 2>&1) || printf '%s\n' "$$said" >&2
		look
	fi
	if [ "$$missing" ]; then
		echo "missing:$$missing; tests that need them are skipped (Debian, Ubuntu: apt-get download$$packages)" >&2
		[ "$${CI-}" != true ] || exit 1
	fi

# The pins that still fit pyproject.toml stay as they are; `make constraints UPGRADE=--upgrade` takes the newest of everything.
constraints: ## pin every package in constraints.txt again (UPGRADE=--upgrade: newest)
	@work=$$(mktemp -d)
	trap 'rm -rf "$$work"' EXIT
	trap 'exit 130' HUP INT TERM
	$${PYTHON:-python3.11} -m venv "$$work/venv"
	"$$work/venv/bin/python" -m pip install --quiet pip-tools==7.6.2
	pin() {
		out=$$1
		shift
		cp constraints.txt "$$out"
		"$$work/venv/bin/pip-compile" --quiet $(UPGRADE) --generate-hashes --no-reuse-hashes --all-build-deps --allow-unsafe \
			--strip-extras --no-annotate --no-header --no-emit-options "$$@" --output-file "$$out" pyproject.toml >/dev/null
		sed -i '/^#/d; /^$$/d' "$$out"
	}
	pin "$$work/run"
	pin "$$work/all" --extra dev --constraint "$$work/run"
	sed -n '1,/^$$/p' constraints.txt >"$$work/new"
	cat "$$work/run" >>"$$work/new"
	printf '\n%s\n' '$(DEV_LINE)' >>"$$work/new"
	awk 'NR == FNR { if (/==/) run[$$1]; next } /==/ { keep = !($$1 in run) } keep' "$$work/run" "$$work/all" >>"$$work/new"
	cp "$$work/new" constraints.txt
