// What a task says of one sample in coefficients of a face model, gathered for a sheet.
#pragma once

#include <filesystem>
#include <string>

#include "harness/geometry/face_model.h"
#include "harness/task/record.h"

namespace mien {

/// Whether the task stored expression coefficients of the sample.
bool holds_coefficients(const TaskRecord& record,
                        const std::string& split,
                        const std::string& sample);

/// Writes what `bench-prepare coefficients` draws (datasets/coefficients_sheet.h): the picture, the
/// stored coefficients cut to the modes of `model`, and what the pack knows of the truth. Identity
/// is what the task predicted, else the true one, else the mean. Returns one line for a person.
/// REQUIRES: holds_coefficients.
/// Errors: those of Pack; Exit::kPrecondition: the pictures are not square.
std::string write_coefficients(const TaskRecord& record,
                               const std::string& split,
                               const std::string& sample,
                               const std::filesystem::path& pack,
                               const FaceModel& model,
                               const std::filesystem::path& out);

}  // namespace mien
