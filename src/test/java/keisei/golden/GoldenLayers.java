package keisei.golden;

import static keisei.golden.Workbench.read;

import java.util.List;
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
final class GoldenLayers {
    private final Workbench bench;
    private final GoldenCase golden;
    private final Comparison comparison;

    GoldenLayers(Workbench bench, GoldenCase golden, Comparison comparison) {
        this.bench = bench;
        this.golden = golden;
        this.comparison = comparison;
    }

    void convolution() {
        List<Integer> x = golden.input("x").shape();
        List<Integer> w = golden.input("w").shape();
        int batch = x.get(0);
        int taps = w.get(2) * w.get(3);
        ConvolutionShape shape = new ConvolutionShape(x.get(2), x.get(3), x.get(1), w.get(0), w.get(2));
        Tensor weight = bench.parameter(
                Layout.channelsLast(
                        golden.input("w").values(), shape.outChannels(), shape.inChannels(), taps, shape.inChannels()),
                shape.outChannels(),
                shape.kernel(),
                shape.kernel(),
                shape.inChannels());
        Tensor bias = golden.has("in.b.npy") ? bench.parameter(golden.input("b").values(), shape.outChannels()) : null;
        try (PreparedWeights prepared = bench.device().convolution().prepare(shape, weight.value())) {
            image((tape, input) -> tape.convolution(input, shape, prepared, weight, bias));
            comparison.check(
                    "grad.w.f64.npy",
                    Layout.channelsFirst(read(weight.gradient()), shape.outChannels(), shape.inChannels(), taps));
            if (bias != null) {
                comparison.check("grad.b.f64.npy", read(bias.gradient()));
            }
            image((tape, input) -> tape.convolution(input, shape, prepared, weight, null), batch);
        }
    }

    /** With batch statistics or running ones, as the case has saved statistics or not. */
    void batchNorm() {
        boolean training = golden.has("out.save_mean.f64.npy");
        NormalizationMode mode = new NormalizationMode();
        if (training) {
            mode.useBatch(0.1);
        }
        int channels = golden.input("x").shape().get(1);
        Tensor gamma = bench.parameter(golden.input("gamma").values(), channels);
        Tensor beta = bench.parameter(golden.input("beta").values(), channels);
        Slice mean = bench.reals(golden.input("running_mean").values());
        Slice variance = bench.reals(golden.input("running_var").values());
        RunningStatistics running = new RunningStatistics(mean, variance, 1e-5, mode);
        image((tape, input) -> tape.batchNorm(input, gamma, beta, running, null, false));
        comparison.check("grad.gamma.f64.npy", read(gamma.gradient()));
        comparison.check("grad.beta.f64.npy", read(beta.gradient()));
        if (training) {
            comparison.check("out.running_mean.f64.npy", read(mean));
            comparison.check("out.running_var.f64.npy", read(variance));
            savedStatistics(channels);
        }
    }

    private void savedStatistics(int channels) {
        NormalizationKernels kernels = bench.device().normalization();
        double[] x = channelsLastInput("x");
        Slice mean = bench.zeros(channels);
        Slice variance = bench.zeros(channels);
        Slice invStd = bench.zeros(channels);
        kernels.statistics(x.length / channels, channels, bench.reals(x), mean, variance);
        kernels.inverseDeviation(variance, 1e-5, invStd);
        comparison.check("out.save_mean.f64.npy", read(mean));
        comparison.check("out.save_invstd.f64.npy", read(invStd));
    }

    void squeezeExcite() {
        int channels = golden.input("x").shape().get(1);
        int hidden = golden.input("b1").shape().get(0);
        Tensor w1 = bench.parameter(golden.input("w1").values(), hidden, channels);
        Tensor b1 = bench.parameter(golden.input("b1").values(), hidden);
        Tensor w2 = bench.parameter(golden.input("w2").values(), channels, hidden);
        Tensor b2 = bench.parameter(golden.input("b2").values(), channels);
        image((tape, input) -> tape.squeezeExcite(input, w1, b1, w2, b2, null, false));
        comparison.check("grad.w1.f64.npy", read(w1.gradient()));
        comparison.check("grad.b1.f64.npy", read(b1.gradient()));
        comparison.check("grad.w2.f64.npy", read(w2.gradient()));
        comparison.check("grad.b2.f64.npy", read(b2.gradient()));

        int batch = golden.input("x").shape().get(0);
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
                        bench.reals(x),
                        new SqueezeExciteKernels.Weights(w1.value(), b1.value(), w2.value(), b2.value()),
                        null,
                        false,
                        pooled,
                        hiddenOut,
                        gate,
                        bench.zeros(x.length));
        comparison.check("out.pool.f64.npy", read(pooled));
        comparison.check("out.hidden.f64.npy", read(hiddenOut));
        comparison.check("out.scale.f64.npy", read(gate));
    }

    void linear() {
        int in = golden.input("w").shape().get(1);
        int out = golden.input("w").shape().get(0);
        Tensor weight = bench.parameter(golden.input("w").values(), out, in);
        Tensor bias = bench.parameter(golden.input("b").values(), out);
        try (PreparedWeights prepared = bench.device().linear().prepare(in, out, weight.value())) {
            plain((tape, x) -> tape.linear(x, prepared, weight, bias));
            comparison.check("grad.w.f64.npy", read(weight.gradient()));
            comparison.check("grad.b.f64.npy", read(bias.gradient()));
        }
    }

    /** An operation from {@code x} to {@code y} without a change of layout. */
    void plain(BiFunction<Tape, Tensor, Tensor> operation) {
        Npy input = golden.input("x");
        Tape tape = bench.tape();
        Tensor x = tape.variable(input.shape().toArray(Integer[]::new));
        Tensor y = run(tape, operation, x, input.values(), golden.input("d_y").values());
        comparison.check("out.y.f64.npy", read(y.value()));
        comparison.check("grad.x.f64.npy", read(x.gradient()));
    }

    private void image(BiFunction<Tape, Tensor, Tensor> operation) {
        List<Integer> shape = golden.input("x").shape();
        int spatial = shape.get(2) * shape.get(3);
        Tape tape = bench.tape();
        Tensor x = tape.variable(shape.get(0), shape.get(2), shape.get(3), shape.get(1));
        Tensor y = run(tape, operation, x, channelsLastInput("x"), channelsLastInput("d_y"));
        comparison.check("out.y.f64.npy", Layout.channelsFirst(read(y.value()), shape.get(0), y.size(3), spatial));
        comparison.check(
                "grad.x.f64.npy", Layout.channelsFirst(read(x.gradient()), shape.get(0), shape.get(1), spatial));
    }

    /** The gradient by the input does not depend on the bias; run without it, into a leaf that gets no gradient. */
    private void image(BiFunction<Tape, Tensor, Tensor> operation, int batch) {
        List<Integer> shape = golden.input("x").shape();
        Tape tape = bench.tape();
        Tensor x = tape.input(batch, shape.get(2), shape.get(3), shape.get(1));
        Tensor y = run(tape, operation, x, channelsLastInput("x"), null);
        double[] withoutBias = Layout.channelsFirst(read(y.value()), batch, y.size(3), shape.get(2) * shape.get(3));
        if (golden.has("in.b.npy")) {
            double[] bias = golden.input("b").values();
            int spatial = shape.get(2) * shape.get(3);
            for (int i = 0; i < withoutBias.length; i++) {
                withoutBias[i] += bias[i / spatial % bias.length];
            }
        }
        comparison.check("out.y.f64.npy", withoutBias);
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
        List<Integer> shape = array.shape();
        return Layout.channelsLast(
                array.values(), shape.get(0), shape.get(1), shape.get(2) * shape.get(3), shape.get(1));
    }
}
