// Throughput tasks: every batch, scope, cache and mode to timing samples. The only file that knows
// Google Benchmark, which drives the loop over samples that harness/core/measure asks for.
//
// A task of several launches runs each in a process of its own, one after the other: the process is
// the unit of replication. The first one also sweeps the batches and says how much energy an image
// takes. A batch that memory does not allow is a note, not a failure; none at all is.
#pragma once

#include "harness/engine/run_task.h"
#include "models/model.h"

namespace mien {

/// Fills timings, metrics, sweep, notes and artifacts of `record`.
void run_throughput(const Task& task,
                    const ModelEntry& entry,
                    const WorkerOptions& options,
                    torch::Device device,
                    const Progress& progress,
                    TaskRecord& record);

}  // namespace mien
