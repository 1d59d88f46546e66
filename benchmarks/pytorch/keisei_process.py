"""Keisei as a child process that takes one measurement for each line it is sent."""

import json
import shlex
import subprocess


class KeiseiProcess:
    """`keisei measure`; answers are dictionaries."""

    def __init__(self, command, network, device, half):
        arguments = shlex.split(command) + ["measure", "--network", network, "--device", device]
        if half:
            arguments.append("--mixed-precision")
        self.process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.about = self._answer()

    def _answer(self):
        for line in self.process.stdout:
            if line.startswith("{"):
                return json.loads(line)
        raise RuntimeError(f"keisei measure ended with exit code {self.process.wait()}")

    def ask(self, request):
        self.process.stdin.write(request + "\n")
        self.process.stdin.flush()
        return self._answer()

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=60)
