#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <map>
#include <stdexcept>

#include "product/product.hpp"

namespace ackwire::bench {

void must(const Status& status) {
  if (!status.ok()) throw std::runtime_error(std::string(name(status.error().code)) + ": " + status.error().message);
}

QueuePolicy deep_queue() {
  QueuePolicy policy;
  policy.max_depth = 1'000'000'000;
  policy.max_depth_bytes = 1ull << 40;
  return policy;
}

namespace {

const std::map<std::string_view, ResultLine (*)(const ProductOptions&)> rows = {{"end_to_end", end_to_end},
                                                                                {"confirm_latency", confirm_latency},
                                                                                {"single_publish", single_publish},
                                                                                {"dedupe", dedupe},
                                                                                {"out_of_order_acks", out_of_order_acks},
                                                                                {"backlog", backlog},
                                                                                {"idle_queues", idle_queues},
                                                                                {"long_turns", long_turns}};

int usage() {
  std::fprintf(stderr,
               "usage: product_bench ROW --directory DIR [--transport tcp|ipc] [--seconds S] [--rounds N]\n"
               "                     [--live-keys N] [--backlog N] [--idle-queues N]\nROW is serve or one of:");
  for (const auto& [row, run] : rows) std::fprintf(stderr, " %s", std::string(row).c_str());
  std::fprintf(stderr, "\n");
  return 2;
}

int run(int argc, char** argv) {
  ProductOptions options;
  if (argc < 2) return usage();
  const std::string_view row = argv[1];
  for (int i = 2; i < argc; i += 2) {
    const std::string_view name = argv[i];
    if (i + 1 == argc) return usage();
    const std::string value = argv[i + 1];
    const auto number = std::strtoull(value.c_str(), nullptr, 10);
    if (name == "--directory")
      options.directory = value;
    else if (name == "--transport")
      options.transport = value;
    else if (name == "--seconds")
      options.seconds = std::strtod(value.c_str(), nullptr);
    else if (name == "--rounds")
      options.rounds = static_cast<std::uint32_t>(number);
    else if (name == "--live-keys")
      options.live_keys = number;
    else if (name == "--backlog")
      options.backlog = number;
    else if (name == "--idle-queues")
      options.idle_queues = number;
    else
      return usage();
  }
  if (options.directory.empty()) return usage();
  if (row == "serve") return serve(options);
  if (!rows.contains(row)) return usage();
  rows.at(row)(options).print();
  return 0;
}

}  // namespace
}  // namespace ackwire::bench

int main(int argc, char** argv) try { return ackwire::bench::run(argc, argv); } catch (const std::exception& error) {
  std::fprintf(stderr, "product_bench: %s\n", error.what());
  return 1;
}
