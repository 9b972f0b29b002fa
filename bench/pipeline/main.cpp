#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string_view>

#include "pipeline/pipeline.hpp"
#include "support/result.hpp"

namespace {

int usage() {
  std::fprintf(stderr,
               "usage: pipeline_bench --directory DIR [--transport tcp|ipc] [--frame-messages N] [--frames-in-flight N]\n"
               "                      [--body-bytes N] [--seconds S]\n"
               "Prints {\"msgs_per_s\", \"commits_per_s\", \"confirm_p50_ms\"}.\n");
  return 2;
}

}  // namespace

int main(int argc, char** argv) try {
  using namespace ackwire::bench;
  PipelineOptions options;
  std::string under;
  for (int i = 1; i < argc; i += 2) {
    const std::string_view name = argv[i];
    if (i + 1 == argc) return usage();
    const std::string value = argv[i + 1];
    const auto number = static_cast<std::uint32_t>(std::strtoul(value.c_str(), nullptr, 10));
    if (name == "--directory")
      under = value;
    else if (name == "--transport")
      options.transport = value;
    else if (name == "--frame-messages")
      options.frame_messages = number;
    else if (name == "--frames-in-flight")
      options.frames_in_flight = number;
    else if (name == "--body-bytes")
      options.body_bytes = number;
    else if (name == "--seconds")
      options.seconds = std::strtod(value.c_str(), nullptr);
    else
      return usage();
  }
  if (under.empty()) return usage();
  const ScratchDirectory scratch(under);
  options.directory = scratch.path();
  Child producer([&](Lines& lines) { run_producer(options, lines); });
  Child consumer([&](Lines& lines) { run_consumer(lines); });
  const PipelineRate rate = run_broker(options, producer, consumer);
  ResultLine()
      .add("msgs_per_s", rate.settled_per_second)
      .add("commits_per_s", rate.commits_per_second)
      .add("confirm_p50_ms", std::strtod(producer.lines().receive().c_str(), nullptr))
      .print();
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "pipeline_bench: %s\n", error.what());
  return 1;
}
