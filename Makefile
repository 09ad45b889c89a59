.DEFAULT_GOAL := help
.PHONY: help run build test soak check bench dev generate

help: ## list the commands
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /make \1	/' | expand -t 16

run: ## the whole product with sample data, a fake WeChat and a phone page, nothing to set up
	@bash deploy/run.sh

build: ## bin/loudou with the console inside, and bin/fakewechat
	@bash deploy/build.sh

test: ## every test, on private MariaDB, Redis and Chromium; ends with a count
	@bash deploy/test.sh

soak: ## the same tests at full length: kills, outages, fuzzing (hours)
	@LOUDOU_TEST_SCALE=full bash deploy/test.sh

check: ## format, vet, linters, import directions, generated files, known vulnerabilities
	@bash deploy/check.sh

bench: ## benchmarks, each as a ratio against its reference in the same run
	@bash deploy/bench.sh

dev: ## hot reload of the console beside the running service
	@bash deploy/dev.sh

generate: ## openapi.json and the console's typed client from the doors
	@bash deploy/generate.sh
