// One contract for every row of the model table.
#include <ATen/record_function.h>
#include <gtest/gtest.h>

#include <set>
#include <sstream>

#include "models/registry.h"
#include "models/weights.h"
#include "tests/support/expect_error.h"
#include "tests/support/golden.h"
#include "tests/support/temp_dir.h"

namespace mien {
namespace {

std::shared_ptr<Model> make(const ModelEntry& entry) {
  torch::manual_seed(7);
  return entry.make({entry.card.outputs, 0.5});
}

torch::Tensor faces(const ModelEntry& entry, std::int64_t n) {
  torch::manual_seed(11);
  return torch::rand({n, entry.card.input[0], entry.card.input[1], entry.card.input[2]}) * 2 - 1;
}

/// As many images as a test can afford.
std::int64_t affordable(const Card& card, std::int64_t wanted) {
  if (card.macs > 2'000'000'000 || card.parameters > 40'000'000)
    return std::min<std::int64_t>(wanted, 2);
  return card.macs > 500'000'000 ? std::min<std::int64_t>(wanted, 4) : wanted;
}

/// What `n` images could be trained to: labels, or coefficients in [-1, 1).
torch::Tensor targets(const Card& card, std::int64_t n) {
  if (card.predicts == Predicts::kClasses) return torch::arange(n, torch::kLong) % card.outputs;
  torch::manual_seed(13);
  return torch::rand({n, card.outputs}) * 2 - 1;
}

torch::Tensor loss_of(const Card& card, const torch::Tensor& outputs, const torch::Tensor& wanted) {
  return card.predicts == Predicts::kClasses ? torch::nn::functional::cross_entropy(outputs, wanted)
                                             : torch::nn::functional::mse_loss(outputs, wanted);
}

/// Largest difference, in units of the largest number expected where that is above 1.
double distance(const torch::Tensor& found, const torch::Tensor& expected) {
  const double scale = std::max(1.0, expected.abs().max().item<double>());
  return (found - expected).abs().max().item<double>() / scale;
}

std::vector<std::string> words(const std::string& text) {
  std::istringstream stream(text);
  return {std::istream_iterator<std::string>(stream), {}};
}

bool owns(const std::vector<std::string>& members, const std::string& parameter) {
  for (const std::string& member : members)
    if (parameter.starts_with(member + ".")) return true;
  return false;
}

/// Multiply-accumulates of the convolutions and linear layers that one forward pass really calls,
/// seen from LibTorch's operator hook.
thread_local std::int64_t seen_macs = 0;

std::unique_ptr<at::ObserverContext> count_macs(const at::RecordFunction& call) {
  const std::string name = call.name();
  const auto inputs = call.inputs();
  if (name == "aten::conv2d") {
    const auto x = inputs[0].toTensor().sizes(), w = inputs[1].toTensor().sizes();
    const auto stride = inputs[3].toIntVector(), padding = inputs[4].toIntVector();
    std::int64_t macs = w[0] * w[1] * w[2] * w[3];
    for (std::size_t d = 0; d < 2; ++d)
      macs *= (x[2 + d] + 2 * padding[d] - w[2 + d]) / stride[d] + 1;
    seen_macs += macs;
  } else if (name == "aten::addmm") {  // what a linear layer with a bias becomes
    seen_macs += inputs[1].toTensor().numel() * inputs[2].toTensor().size(1);
  }
  return nullptr;
}

class Conformance : public ::testing::TestWithParam<const ModelEntry*> {
 protected:
  const ModelEntry& entry() const { return *GetParam(); }
};

TEST_P(Conformance, VisitsItsRowsOnceEachWithTheSizesOfTheTable) {
  const std::shared_ptr<Model> model = make(entry());
  model->eval();
  Trace trace;
  model->record(&trace);
  model->forward(faces(entry(), 2));
  model->record(nullptr);
  std::multiset<std::string> visited, expected;
  for (const auto& [id, output] : trace.seen) visited.insert(id);
  for (const Row& row : entry().rows) expected.insert(row.id);
  EXPECT_EQ(visited, expected);
  // Rows of one part (same letter) come in the paper's order.
  std::map<char, std::vector<std::string>> seen_by_part, rows_by_part;
  for (const auto& [id, output] : trace.seen) seen_by_part[id[0]].push_back(id);
  for (const Row& row : entry().rows) rows_by_part[row.id[0]].push_back(row.id);
  EXPECT_EQ(seen_by_part, rows_by_part);
}

TEST_P(Conformance, TakesAnyNumberOfClasses) {
  torch::NoGradGuard no_grad;
  if (entry().card.predicts != Predicts::kClasses) {
    const std::shared_ptr<Model> model = entry().make({2, 0.5});
    model->eval();
    EXPECT_EQ(model->forward(faces(entry(), 1)).size(1), entry().card.outputs);
    return;
  }
  for (const std::int64_t classes : {2, 6, 11}) {
    const std::shared_ptr<Model> model = entry().make({classes, 0.5});
    model->eval();
    EXPECT_EQ(model->forward(faces(entry(), 3)).sizes(), (std::vector<std::int64_t>{3, classes}));
  }
}

TEST_P(Conformance, ParametersOfEveryRowAndOfTheCard) {
  const std::shared_ptr<Model> model = make(entry());
  std::int64_t sum = 0;
  std::set<std::string> owned;
  for (const Row& row : entry().rows) {
    const std::vector<std::string> members = words(row.members);
    std::int64_t count = 0;
    for (const auto& parameter : model->named_parameters()) {
      if (!owns(members, parameter.key())) continue;
      count += parameter.value().numel();
      EXPECT_TRUE(owned.insert(parameter.key()).second) << parameter.key() << " is in two rows";
    }
    EXPECT_EQ(count, row.parameters) << "row " << row.id;
    sum += row.parameters;
  }
  EXPECT_EQ(owned.size(), model->named_parameters().size());
  EXPECT_EQ(sum, entry().card.parameters);
  EXPECT_EQ(parameter_count(*model), entry().card.parameters);
}

TEST_P(Conformance, MacsOfTheCardAreThoseOfAForwardPass) {
  const std::shared_ptr<Model> model = make(entry());
  model->eval();
  seen_macs = 0;
  const auto handle = at::addThreadLocalCallback(
      at::RecordFunctionCallback(count_macs).needsInputs(true).scopes({at::RecordScope::FUNCTION}));
  {
    torch::NoGradGuard no_grad;
    model->forward(faces(entry(), 1));
  }
  at::removeCallback(handle);
  EXPECT_EQ(seen_macs, entry().card.macs);
}

TEST_P(Conformance, EveryDeviationNamesARowAndAKnownTag) {
  const std::set<std::string> tags = {"PAPER-SILENT", "PAPER-AMBIGUOUS", "FRAMEWORK", "REPAIR"};
  for (const Deviation& deviation : entry().deviations) {
    EXPECT_TRUE(tags.contains(deviation.tag)) << deviation.tag;
    bool found = false;
    for (const Row& row : entry().rows) found = found || std::string(row.id) == deviation.row;
    EXPECT_TRUE(found) << "no row " << deviation.row;
  }
}

TEST_P(Conformance, ClassifierAndFineTunedAreMembers) {
  const std::shared_ptr<Model> model = make(entry());
  for (const std::vector<std::string>& members : {entry().classifier, entry().fine_tuned})
    for (const std::string& member : members)
      EXPECT_TRUE(model->named_parameters().contains(member + ".weight")) << member;
}

TEST_P(Conformance, ParameterNamesAreTheApprovedOnes) {
  std::string text;
  const std::shared_ptr<Model> model = make(entry());
  for (const auto& parameter : model->named_parameters())
    text += fmt::format("{} {}\n", parameter.key(), fmt::join(parameter.value().sizes(), "x"));
  for (const auto& buffer : model->named_buffers())
    text += fmt::format("{} {} (buffer)\n", buffer.key(), fmt::join(buffer.value().sizes(), "x"));
  testing::expect_golden(fmt::format("{}-{}.txt", entry().card.name, entry().card.variant), text);
}

TEST_P(Conformance, EvaluationIsAFunction) {
  torch::NoGradGuard no_grad;
  const std::shared_ptr<Model> model = make(entry());
  model->eval();
  const torch::Tensor images = faces(entry(), affordable(entry().card, 8));
  const torch::Tensor outputs = model->forward(images).clone();
  EXPECT_TRUE(torch::equal(outputs, model->forward(images))) << "same input, other bits";
  EXPECT_LT(distance(model->forward(images.narrow(0, 1, 1)), outputs.narrow(0, 1, 1)), 1e-5);
  const torch::Tensor other_layout =
      model->forward(images.contiguous(torch::MemoryFormat::ChannelsLast));
  EXPECT_LT(distance(other_layout, outputs), 1e-4);
}

TEST_P(Conformance, CudaGivesWhatTheCpuGives) {
  if (!torch::cuda::is_available()) GTEST_SKIP() << "no CUDA device";
  torch::NoGradGuard no_grad;
  at::globalContext().setAllowTF32CuBLAS(false);
  at::globalContext().setAllowTF32CuDNN(false);
  const std::shared_ptr<Model> model = make(entry());
  model->eval();
  const torch::Tensor images = faces(entry(), affordable(entry().card, 8));
  const torch::Tensor expected = model->forward(images).clone();
  model->to(torch::kCUDA);
  const torch::Tensor found = model->forward(images.to(torch::kCUDA)).to(torch::kCPU);
  EXPECT_LT(distance(found, expected), 1e-4);
}

TEST_P(Conformance, GradientsReachEveryParameter) {
  const Card& card = entry().card;
  if (card.parameters == 0) return;
  const std::shared_ptr<Model> model = make(entry());
  model->train();
  const std::int64_t count = affordable(card, 8);
  const torch::Tensor images = faces(entry(), count), wanted = targets(card, count);
  // Two steps, because a zero-initialised layer passes no gradient on at the first.
  torch::optim::SGD optimizer(model->parameters(), 0.1);
  for (int step = 0; step < 2; ++step) {
    optimizer.zero_grad();
    loss_of(card, model->forward(images), wanted).backward();
    if (step == 0) optimizer.step();
  }
  for (const auto& parameter : model->named_parameters()) {
    ASSERT_TRUE(parameter.value().grad().defined()) << parameter.key();
    EXPECT_GT(parameter.value().grad().abs().sum().item<double>(), 0) << parameter.key();
  }
}

TEST_P(Conformance, OverfitsAFewImages) {
  const Card& card = entry().card;
  if (card.parameters == 0) return;
  torch::manual_seed(3);
  const std::shared_ptr<Model> model = entry().make({card.outputs, 0.0});
  const bool is_classifier = card.predicts == Predicts::kClasses;
  const std::int64_t count = affordable(card, 16);
  // At a low contrast a deep network without normalisation sees all noise alike.
  const torch::Tensor images = faces(entry(), count) * (is_classifier ? 1 : 100);
  const torch::Tensor wanted = targets(card, count);
  std::vector<torch::Tensor> trained;
  for (const auto& parameter : model->named_parameters()) {
    const bool changes = entry().fine_tuned.empty() || owns(entry().fine_tuned, parameter.key());
    torch::Tensor(parameter.value()).requires_grad_(changes);
    if (changes) trained.push_back(parameter.value());
  }
  const double rate = card.parameters > 2'000'000 ? 1e-4 : count < 16 ? 1e-3 : 5e-3;
  torch::optim::Adam optimizer(trained, torch::optim::AdamOptions(rate));
  model->train();
  double loss = 0;
  for (int step = 0; step < 400; ++step) {
    optimizer.zero_grad();
    const torch::Tensor error = loss_of(card, model->forward(images), wanted);
    error.backward();
    optimizer.step();
    loss = error.item<double>();
    if (loss < (is_classifier ? 0.02 : 0.05)) break;
  }
  EXPECT_LT(loss, 0.1);
  if (!is_classifier) return;
  torch::NoGradGuard no_grad;
  if (!model->buffers().empty())  // running statistics lag behind so short a training
    for (int pass = 0; pass < 40; ++pass) model->forward(images);
  model->eval();
  const torch::Tensor predicted = model->forward(images).argmax(1);
  EXPECT_GE((predicted == wanted).sum().item<std::int64_t>(), count - count / 16);
}

TEST_P(Conformance, WeightsSurviveAFileBitForBit) {
  torch::NoGradGuard no_grad;
  const testing::TempDir folder;
  const std::shared_ptr<Model> model = make(entry());
  model->eval();
  save_weights(*model, folder / "weights.safetensors", {{"model", entry().card.name}});
  torch::manual_seed(99);
  const std::shared_ptr<Model> other = entry().make({entry().card.outputs, 0.5});
  other->eval();
  load_weights(*other, folder / "weights.safetensors");
  const torch::Tensor images = faces(entry(), affordable(entry().card, 4));
  EXPECT_TRUE(torch::equal(model->forward(images), other->forward(images)));
}

INSTANTIATE_TEST_SUITE_P(Models, Conformance, ::testing::ValuesIn(models()), [](const auto& info) {
  std::string name = std::string(info.param->card.name) + "_" + info.param->card.variant;
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  return name;
});

TEST(DeepEmotion, TransformerStartsAtTheIdentity) {
  torch::NoGradGuard no_grad;
  const ModelEntry& entry = find_model("deepemotion", "fig");
  const std::shared_ptr<Model> model = make(entry);
  model->eval();
  Trace trace;
  model->record(&trace);
  model->forward(faces(entry, 4));
  torch::Tensor features, warped;
  for (const auto& [id, output] : trace.seen) {
    if (id == "D") features = output;
    if (id == "W") warped = output;
  }
  EXPECT_LT((features - warped).abs().max().item<double>(), 1e-5);
}

TEST(Null, AnswersTheMajorityClass) {
  const std::shared_ptr<Model> model = find_model("null", "majority").make({7, 0});
  EXPECT_TRUE(model->fit(torch::tensor({3, 3, 1, 6, 3}, torch::kLong), 7));
  const torch::Tensor logits = model->forward(torch::zeros({2, 1, 48, 48}));
  EXPECT_TRUE(torch::equal(logits.argmax(1), torch::tensor({3, 3}, torch::kLong)));
}

TEST(Table, UnknownNamesSuggestTheNearest) {
  EXPECT_ERROR(find_model("deepemotions", "fig"), Exit::kUsage, "did you mean deepemotion?");
  EXPECT_ERROR(find_model("deepemotion", "figg"), Exit::kUsage, "did you mean fig?");
}

TEST(Model, WrongInputSizeNamesTheRow) {
  const std::shared_ptr<Model> model = find_model("deepemotion", "fig").make({7, 0});
  EXPECT_ERROR(model->forward(torch::zeros({1, 1, 64, 64})), Exit::kUsage, "row S1");
}

TEST(Weights, OfAnotherModelAreRefused) {
  const testing::TempDir folder;
  const std::shared_ptr<Model> deep = find_model("deepemotion", "fig").make({7, 0});
  const std::shared_ptr<Model> null = find_model("null", "majority").make({7, 0});
  save_weights(*deep, folder / "deep.safetensors", {});
  save_weights(*null, folder / "null.safetensors", {});
  EXPECT_ERROR(load_weights(*null, folder / "deep.safetensors"), Exit::kPrecondition, "log_prior");
  EXPECT_ERROR(load_weights(*deep, folder / "null.safetensors"), Exit::kPrecondition, "conv1");
  const std::shared_ptr<Model> six = find_model("deepemotion", "fig").make({6, 0});
  EXPECT_ERROR(load_weights(*six, folder / "deep.safetensors"), Exit::kPrecondition, "fc2");
}

}  // namespace
}  // namespace mien
