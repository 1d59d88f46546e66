package keisei.golden;

import static keisei.golden.Workbench.read;

import java.util.function.BiFunction;
import keisei.device.ConvolutionShape;
import keisei.device.NormalizationKernels;
import keisei.device.PreparedWeights;
import keisei.device.Slice;
import keisei.device.SqueezeExciteKernels;
import keisei.tensor.HostTransfer;
import keisei.tensor.NormalizationMode;
import keisei.tensor.RunningStatistics;
import keisei.tensor.Tape;
import keisei.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** The golden cases of layers, run on tapes. */
final class TapeLayers {
    private final Workbench bench;
    private final GoldenCase golden;

    TapeLayers(Workbench bench, GoldenCase golden) {
        this.bench = bench;
        this.golden = golden;
    }

    void convolution() {
        Npy x = golden.input("x");
        Npy w = golden.input("w");
        int batch = x.extent(0);
        int taps = w.extent(2) * w.extent(3);
        ConvolutionShape shape = new ConvolutionShape(x.extent(2), x.extent(3), x.extent(1), w.extent(0), w.extent(2));
        Tensor weight = bench.parameter(
                Layout.channelsLast(
                        golden.input("w").values(), shape.outChannels(), shape.inChannels(), taps, shape.inChannels()),
                shape.outChannels(),
                shape.kernel(),
                shape.kernel(),
                shape.inChannels());
        Tensor bias =
                golden.hasResult("grad.b") ? bench.parameter(golden.input("b").values(), shape.outChannels()) : null;
        try (PreparedWeights prepared = bench.device().convolution().prepare(shape, weight.value())) {
            image((tape, input) -> tape.convolution(input, shape, prepared, weight, bias));
            golden.compare(
                    "grad.w",
                    Layout.channelsFirst(read(weight.gradient()), shape.outChannels(), shape.inChannels(), taps));
            if (bias != null) {
                golden.compare("grad.b", read(bias.gradient()));
            }
            image((tape, input) -> tape.convolution(input, shape, prepared, weight, null), batch);
        }
    }

    /** With batch statistics or running ones, as the case has saved statistics or not. */
    void batchNorm() {
        boolean training = golden.hasResult("out.save_mean");
        NormalizationMode mode = new NormalizationMode();
        if (training) {
            mode.useBatch(0.1);
        }
        int channels = golden.input("x").extent(1);
        Tensor gamma = bench.parameter(golden.input("gamma").values(), channels);
        Tensor beta = bench.parameter(golden.input("beta").values(), channels);
        Slice mean = bench.reals(golden.input("running_mean").values());
        Slice variance = bench.reals(golden.input("running_var").values());
        RunningStatistics running = new RunningStatistics(mean, variance, 1e-5, mode);
        image((tape, input) -> tape.batchNorm(input, gamma, beta, running, null, false));
        golden.compare("grad.gamma", read(gamma.gradient()));
        golden.compare("grad.beta", read(beta.gradient()));
        if (training) {
            golden.compare("out.running_mean", read(mean));
            golden.compare("out.running_var", read(variance));
            savedStatistics(channels);
        }
    }

    private void savedStatistics(int channels) {
        NormalizationKernels kernels = bench.device().normalization();
        double[] x = channelsLastInput("x");
        Slice mean = bench.zeros(channels);
        Slice variance = bench.zeros(channels);
        Slice invStd = bench.zeros(channels);
        kernels.statistics(x.length / channels, channels, bench.activations(x), mean, variance);
        kernels.inverseDeviation(variance, 1e-5, invStd);
        golden.compare("out.save_mean", read(mean));
        golden.compare("out.save_invstd", read(invStd));
    }

    void squeezeExcite() {
        int channels = golden.input("x").extent(1);
        int hidden = golden.input("b1").extent(0);
        Tensor w1 = bench.parameter(golden.input("w1").values(), hidden, channels);
        Tensor b1 = bench.parameter(golden.input("b1").values(), hidden);
        Tensor w2 = bench.parameter(golden.input("w2").values(), channels, hidden);
        Tensor b2 = bench.parameter(golden.input("b2").values(), channels);
        image((tape, input) -> tape.squeezeExcite(input, w1, b1, w2, b2, null, false));
        golden.compare("grad.w1", read(w1.gradient()));
        golden.compare("grad.b1", read(b1.gradient()));
        golden.compare("grad.w2", read(w2.gradient()));
        golden.compare("grad.b2", read(b2.gradient()));

        int batch = golden.input("x").extent(0);
        double[] x = channelsLastInput("x");
        Slice pooled = bench.zeros(batch * channels);
        Slice hiddenOut = bench.zeros(batch * hidden);
        Slice gate = bench.zeros(batch * channels);
        bench.device()
                .squeezeExcite()
                .forward(
                        batch,
                        x.length / batch / channels,
                        channels,
                        hidden,
                        bench.activations(x),
                        new SqueezeExciteKernels.Weights(w1.value(), b1.value(), w2.value(), b2.value()),
                        null,
                        false,
                        pooled,
                        hiddenOut,
                        gate,
                        bench.activations(new double[x.length]));
        golden.compare("out.pool", read(pooled));
        golden.compare("out.hidden", read(hiddenOut));
        golden.compare("out.scale", read(gate));
    }

    void linear() {
        int in = golden.input("w").extent(1);
        int out = golden.input("w").extent(0);
        Tensor weight = bench.parameter(golden.input("w").values(), out, in);
        Tensor bias = bench.parameter(golden.input("b").values(), out);
        try (PreparedWeights prepared = bench.device().linear().prepare(in, out, weight.value())) {
            plain((tape, x) -> tape.linear(x, prepared, weight, bias));
            golden.compare("grad.w", read(weight.gradient()));
            golden.compare("grad.b", read(bias.gradient()));
        }
    }

    /** An operation from {@code x} to {@code y} without a change of layout. */
    void plain(BiFunction<Tape, Tensor, Tensor> operation) {
        Npy input = golden.input("x");
        Tape tape = bench.tape();
        Tensor x = tape.variable(input.extent(0), input.shape().length > 1 ? input.extent(1) : 1);
        Tensor y = run(tape, operation, x, input.values(), golden.input("d_y").values());
        golden.compare("out.y", read(y.value()));
        golden.compare("grad.x", read(x.gradient()));
    }

    private void image(BiFunction<Tape, Tensor, Tensor> operation) {
        Npy shape = golden.input("x");
        int spatial = shape.extent(2) * shape.extent(3);
        Tape tape = bench.tape();
        Tensor x = tape.variable(shape.extent(0), shape.extent(2), shape.extent(3), shape.extent(1));
        Tensor y = run(tape, operation, x, channelsLastInput("x"), channelsLastInput("d_y"));
        golden.compare("out.y", Layout.channelsFirst(read(y.value()), shape.extent(0), y.size(3), spatial));
        golden.compare("grad.x", Layout.channelsFirst(read(x.gradient()), shape.extent(0), shape.extent(1), spatial));
    }

    /** The gradient by the input does not depend on the bias; run without it, into a leaf that gets no gradient. */
    private void image(BiFunction<Tape, Tensor, Tensor> operation, int batch) {
        Npy shape = golden.input("x");
        Tape tape = bench.tape();
        Tensor x = tape.input(batch, shape.extent(2), shape.extent(3), shape.extent(1));
        Tensor y = run(tape, operation, x, channelsLastInput("x"), null);
        double[] withoutBias =
                Layout.channelsFirst(read(y.value()), batch, y.size(3), shape.extent(2) * shape.extent(3));
        if (golden.hasResult("grad.b")) {
            double[] bias = golden.input("b").values();
            int spatial = shape.extent(2) * shape.extent(3);
            for (int i = 0; i < withoutBias.length; i++) {
                withoutBias[i] += bias[i / spatial % bias.length];
            }
        }
        golden.compare("out.y", withoutBias);
    }

    private static Tensor run(
            Tape tape,
            BiFunction<Tape, Tensor, Tensor> operation,
            Tensor x,
            double[] values,
            double @Nullable [] upstream) {
        Tensor y = operation.apply(tape, x);
        tape.seed(y);
        tape.finish();
        HostTransfer.write(x.value(), values);
        tape.forward();
        if (upstream != null) {
            tape.prepareBackward();
            HostTransfer.write(y.gradient(), upstream);
            tape.backward();
        }
        return y;
    }

    private double[] channelsLastInput(String name) {
        Npy array = golden.input(name);
        return Layout.channelsLast(
                array.values(), array.extent(0), array.extent(1), array.extent(2) * array.extent(3), array.extent(1));
    }
}
