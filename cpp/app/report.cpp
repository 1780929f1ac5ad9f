#include "app/report.h"

#include <cstdio>
#include <optional>
#include <string>

#include "app/json.h"

namespace torchferry {

namespace {

/// What a class is called; nothing where the archive does not say.
std::optional<std::string> name_of(const Ranked& ranked, const Metadata& metadata) {
  const auto index = static_cast<std::size_t>(ranked.label);
  if (index >= metadata.categories.size()) return std::nullopt;
  return metadata.categories[index];
}

class Text : public Report {
 public:
  Text(std::ostream& out, const Metadata& metadata) : out_(out), metadata_(metadata) {}

  void show(const Subject& subject, const Result& result) override {
    std::string text = subject.source.empty() ? "sample " + std::to_string(subject.sample) : subject.source;
    text += '\n';
    if (result.rankings.empty())
      text += "  " + result.output + ", no class scores: write it with --outputs\n";
    for (std::size_t row = 0; row < result.rankings.size(); ++row) {
      if (result.rankings.size() > 1) text += "  row " + std::to_string(row) + '\n';
      for (const auto& ranked : result.rankings[row]) text += line(ranked);
    }
    out_ << text << std::flush;
  }

  void show_failure(const Subject&, const std::string&) override {}  // that is said on standard error

 private:
  [[nodiscard]] std::string line(const Ranked& ranked) const {
    char numbers[64];
    std::snprintf(numbers, sizeof numbers, "  %.4f  %4lld  ", ranked.probability,
                  static_cast<long long>(ranked.label));
    return numbers + name_of(ranked, metadata_).value_or("class " + std::to_string(ranked.label)) + '\n';
  }

  std::ostream& out_;
  const Metadata& metadata_;
};

class Json : public Report {
 public:
  Json(std::ostream& out, const Metadata& metadata) : out_(out), metadata_(metadata) {}

  void show(const Subject& subject, const Result& result) override {
    std::string text = start(subject) + ",\"output\":" + json_string(result.output) + ",\"rows\":[";
    for (std::size_t row = 0; row < result.rankings.size(); ++row) {
      text += row > 0 ? ",[" : "[";
      for (std::size_t rank = 0; rank < result.rankings[row].size(); ++rank) {
        if (rank > 0) text += ',';
        text += ranked(result.rankings[row][rank]);
      }
      text += ']';
    }
    out_ << text + "]}\n" << std::flush;
  }

  void show_failure(const Subject& subject, const std::string& why) override {
    out_ << start(subject) + ",\"error\":" + json_string(why) + "}\n" << std::flush;
  }

 private:
  static std::string start(const Subject& subject) {
    return "{\"sample\":" + std::to_string(subject.sample) +
           ",\"source\":" + (subject.source.empty() ? "null" : json_string(subject.source));
  }

  [[nodiscard]] std::string ranked(const Ranked& ranked) const {
    const auto name = name_of(ranked, metadata_);
    return "{\"label\":" + std::to_string(ranked.label) +
           ",\"name\":" + (name ? json_string(*name) : "null") +
           ",\"probability\":" + json_number(ranked.probability) + "}";
  }

  std::ostream& out_;
  const Metadata& metadata_;
};

}  // namespace

std::unique_ptr<Report> text_report(std::ostream& out, const Metadata& metadata) {
  return std::make_unique<Text>(out, metadata);
}

std::unique_ptr<Report> json_report(std::ostream& out, const Metadata& metadata) {
  return std::make_unique<Json>(out, metadata);
}

}  // namespace torchferry
