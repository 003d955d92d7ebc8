#include "harness/system/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "harness/base/error.h"
#include "harness/base/fd.h"

namespace mien {
namespace {

struct Pipe {
  int read_end = -1, write_end = -1;
};

Pipe make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    fail(Exit::kPrecondition, "cannot create a pipe: {}", std::strerror(errno));
  return {ends[0], ends[1]};
}

/// Runs in the child, between fork and exec.
[[noreturn]] void become(const Command& command, int out, int err, int failure, pid_t parent) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) ::_exit(128 + SIGTERM);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(err, STDERR_FILENO);
  const int nothing = ::open("/dev/null", O_RDONLY);
  if (nothing >= 0) ::dup2(nothing, STDIN_FILENO);
  if (command.memory_limit_bytes > 0) {
    const rlim_t bytes = static_cast<rlim_t>(command.memory_limit_bytes);
    const struct rlimit limit { bytes, bytes };
    ::setrlimit(RLIMIT_DATA, &limit);
  }
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const auto& [name, value] : command.environment) ::setenv(name.c_str(), value.c_str(), 1);
  std::vector<char*> arguments;
  for (const std::string& argument : command.arguments)
    arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  ::execv(arguments[0], arguments.data());
  const int error = errno;
  [[maybe_unused]] const ssize_t told = ::write(failure, &error, sizeof error);
  ::_exit(127);
}

}  // namespace

Process::Process(const Command& command) {
  const Pipe out = make_pipe(), err = make_pipe(), failure = make_pipe();
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ == 0) become(command, out.write_end, err.write_end, failure.write_end, parent);
  const int fork_error = errno;
  ::close(out.write_end);
  ::close(err.write_end);
  ::close(failure.write_end);
  int exec_error = 0;
  const bool failed = pid_ < 0 || ::read(failure.read_end, &exec_error, sizeof exec_error) > 0;
  ::close(failure.read_end);
  out_ = out.read_end;
  err_ = err.read_end;
  if (!failed) {
    ::fcntl(out_, F_SETFL, O_NONBLOCK);
    ::fcntl(err_, F_SETFL, O_NONBLOCK);
    return;
  }
  ::close(out_);
  ::close(err_);
  if (pid_ > 0) ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
  fail(Exit::kPrecondition,
       "{}: cannot start: {}; is Mien installed whole?",
       command.arguments[0],
       std::strerror(exec_error ? exec_error : fork_error));
}

Process::Process(Process&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      out_(std::exchange(other.out_, -1)),
      err_(std::exchange(other.err_, -1)) {}

Process::~Process() {
  if (pid_ > 0) {
    kill(SIGKILL);
    wait();
  }
  if (out_ >= 0) ::close(out_);
  if (err_ >= 0) ::close(err_);
}

bool Process::read_some(int& descriptor, std::string& text) {
  char buffer[16384];
  while (descriptor >= 0) {
    const std::ptrdiff_t got = mien::read_some(descriptor, buffer, sizeof buffer);
    if (got > 0) {
      text.append(buffer, static_cast<std::size_t>(got));
      continue;
    }
    if (got < 0 && errno == EAGAIN) return true;
    ::close(descriptor);
    descriptor = -1;
  }
  return false;
}

void Process::kill(int signal) const {
  if (pid_ > 0 && ::kill(-pid_, signal) != 0) ::kill(pid_, signal);
}

Exited Process::wait() {
  int status = 0;
  struct rusage usage {};
  while (::wait4(pid_, &status, 0, &usage) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  Exited exited;
  exited.peak_rss_bytes = static_cast<std::int64_t>(usage.ru_maxrss) * 1024;
  if (WIFSIGNALED(status))
    exited.signal = WTERMSIG(status);
  else
    exited.exit_code = WEXITSTATUS(status);
  return exited;
}

Output run_to_end(const Command& command,
                  const std::function<void(const std::string& err)>& watch) {
  constexpr int kPollMilliseconds = 100;
  Process process(command);
  Output output;
  while (process.out() >= 0 || process.err() >= 0) {
    pollfd watched[] = {{process.out(), POLLIN, 0}, {process.err(), POLLIN, 0}};
    if (::poll(watched, 2, watch ? kPollMilliseconds : -1) < 0 && errno != EINTR) break;
    process.read_out(output.out);
    std::string err;
    process.read_err(err);
    output.err += err;
    if (watch) watch(err);
  }
  output.exited = process.wait();
  return output;
}

Output run_to_end(const Command& command, bool pass_err) {
  std::function<void(const std::string&)> watch;
  if (pass_err)
    watch = [](const std::string& err) {
      [[maybe_unused]] const ssize_t put = ::write(STDERR_FILENO, err.data(), err.size());
    };
  return run_to_end(command, watch);
}

}  // namespace mien
