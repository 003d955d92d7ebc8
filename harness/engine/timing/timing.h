// Throughput tasks: times every batch, scope, cache and mode. Google Benchmark drives the loop over
// the samples that harness/measure/sampling asks for.
//
// A process is one observation: a task with several launches runs each in a process of its own, one
// after the other. The first process also measures the batch sweep and the energy of an image. A
// batch that does not fit into memory is a note. The task fails only if no batch fits.
#pragma once

#include "harness/engine/context/task_context.h"

namespace mien {

/// Measures the task and records timings, metrics, sweep, notes and artifacts.
/// Errors: Exit::kUsage (timing.batches is empty); Exit::kTaskFailed (no batch fits into memory, a
/// timing process fails, the device is throttled too often, or the timed outputs differ from those
/// that are scored).
void run_throughput(TaskContext& context);

}  // namespace mien
