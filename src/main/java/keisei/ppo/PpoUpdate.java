package keisei.ppo;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import keisei.device.DType;
import keisei.device.Device;
import keisei.device.DeviceBuffer;
import keisei.device.ElementwiseKernels;
import keisei.device.OptimizerKernels;
import keisei.device.PlaneProgram;
import keisei.device.PpoLossKernels;
import keisei.device.PpoLossSettings;
import keisei.device.RecordedWork;
import keisei.device.RolloutKernels;
import keisei.device.Slice;
import keisei.nn.ActorCritic;
import keisei.nn.Normalization;
import keisei.nn.TrainingPass;
import keisei.optim.AdamOptimizer;
import keisei.optim.LearningRateSchedule;
import keisei.random.RandomStream;
import org.jspecify.annotations.Nullable;

/**
 * One PPO update: epochs of shuffled minibatches over a finished rollout. Everything a minibatch needs is gathered on
 * the device into fixed operands; its metrics go to a slot of their own and all slots are read once at the end (with a
 * KL limit, one slot a minibatch). Sized for one number of rows at most.
 */
final class PpoUpdate implements AutoCloseable {
    /** A slot holds the loss kernel's metrics and the gradient's norm. */
    private static final int SLOT = PpoLossKernels.METRICS + 1;

    private static final int NORM = PpoLossKernels.METRICS;
    private static final ValueLayout.OfInt I32 = ValueLayout.JAVA_INT.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final ActorCritic model;
    private final Device device;
    private final PlaneProgram program;
    private final PpoSettings settings;
    private final PpoLossSettings lossSettings;
    private final AdamOptimizer optimizer;
    private final LearningRateSchedule schedule;
    private final RandomStream shuffling;
    private final int maxRows;
    private final int maskWords;
    private final int minibatchSize;
    private final DeviceAllocations memory;
    private final Arena arena = Arena.ofShared();
    private final DeviceBuffer order;
    private final DeviceBuffer index;
    private final DeviceBuffer packed;
    private final DeviceBuffer masks;
    private final DeviceBuffer actions;
    private final DeviceBuffer oldLogProbabilities;
    private final DeviceBuffer oldValues;
    private final DeviceBuffer advantages;
    private final DeviceBuffer returns;
    private final DeviceBuffer metrics;
    private final DeviceBuffer slots;
    private final DeviceBuffer savedStatistics;
    private final Map<Integer, Minibatch> minibatches = new HashMap<>();
    private @Nullable Source source;
    private final Slice[] slotSlices;
    private final int[] permutation;
    private final MemorySegment hostOrder;
    private final HostReals hostSlots;
    private final HostReals hostRows;
    private final double[] rowReturns;

    PpoUpdate(
            ActorCritic model,
            PlaneProgram program,
            PpoSettings settings,
            AdamOptimizer optimizer,
            LearningRateSchedule schedule,
            RandomStream shuffling,
            int maxRows) {
        this.model = model;
        this.device = model.device();
        this.program = program;
        this.settings = settings;
        this.lossSettings = settings.loss();
        this.optimizer = optimizer;
        this.schedule = schedule;
        this.shuffling = shuffling;
        this.maxRows = maxRows;
        this.maskWords = (model.spec().actions() + 31) / 32;
        this.minibatchSize = Math.min(settings.minibatchSize(), maxRows);
        int slotCount = Math.multiplyExact(settings.epochs(), (maxRows + minibatchSize - 1) / minibatchSize);
        this.memory = new DeviceAllocations(device, "update");
        DType real = device.realType();
        order = memory.allocate(DType.I32, maxRows, 1, "row order");
        index = memory.allocate(DType.I32, minibatchSize, 1, "minibatch rows");
        packed = memory.allocate(DType.U8, minibatchSize, program.recordBytes(), "packed positions");
        masks = memory.allocate(DType.I32, minibatchSize, maskWords, "legal-move masks");
        actions = memory.allocate(DType.I32, minibatchSize, 1, "actions");
        oldLogProbabilities = memory.allocate(real, minibatchSize, 1, "log-probabilities");
        oldValues = memory.allocate(real, minibatchSize, 1, "values");
        advantages = memory.allocate(real, minibatchSize, 1, "advantages");
        returns = memory.allocate(real, minibatchSize, 1, "returns");
        metrics = memory.allocate(real, PpoLossKernels.METRICS, 1, "metrics");
        slots = memory.allocate(real, slotCount, SLOT, "metric slots");
        savedStatistics = memory.allocate(
                real, Math.max(1, model.parameters().statistics().length()), 1, "saved statistics");
        slotSlices = new Slice[slotCount];
        for (int i = 0; i < slotCount; i++) {
            slotSlices[i] = new Slice(slots, i * SLOT, SLOT);
        }
        permutation = new int[maxRows];
        rowReturns = new double[maxRows];
        hostOrder = arena.allocate((long) maxRows * Integer.BYTES, 64);
        hostSlots = new HostReals(device, arena, slotCount * SLOT);
        hostRows = new HostReals(device, arena, maxRows);
    }

    int maxRows() {
        return maxRows;
    }

    /**
     * Advantages must be computed. Leaves the buffer's contents as they are.
     *
     * @param gradientSteps steps of all updates before this one, for the schedule
     */
    PpoMetrics run(ExperienceBuffer buffer, long gradientSteps) {
        int rows = buffer.rows();
        model.setNormalization(settings.normalization());
        for (int i = 0; i < rows; i++) {
            permutation[i] = i;
        }
        bind(buffer);
        int evaluated = 0;
        int stepsTaken = 0;
        double learningRate = 0;
        boolean stopped = false;
        for (int epoch = 0; epoch < settings.epochs() && !stopped; epoch++) {
            shuffle(rows);
            for (int from = 0; from < rows && !stopped; from += minibatchSize) {
                Minibatch batch = minibatch(Math.min(minibatchSize, rows - from));
                Slice slot = slotSlices[evaluated++];
                device.elementwise().copy(new Slice(order, from, batch.count), batch.index);
                batch.loss.run();
                device.elementwise().copy(metrics.all(), slot.range(0, PpoLossKernels.METRICS));
                if (settings.targetKl() > 0 && meanKl(slot) > settings.targetKl()) {
                    stopped = true;
                } else {
                    learningRate = schedule.at(gradientSteps + stepsTaken);
                    step(batch, slot, learningRate);
                    stepsTaken++;
                }
            }
        }
        if (settings.normalization() == Normalization.RUNNING && settings.statisticsMomentum() > 0) {
            refreshStatistics(rows);
        }
        return summarize(buffer, rows, evaluated, stepsTaken, learningRate, stopped);
    }

    @Override
    public void close() {
        forgetMinibatches();
        memory.close();
        arena.close();
    }

    /** What is recorded reads this buffer's rows; another buffer, or more or fewer rows, need new recordings. */
    private void bind(ExperienceBuffer buffer) {
        Source bound = source;
        if (bound == null || bound.buffer != buffer || bound.rows != buffer.rows()) {
            forgetMinibatches();
            source = new Source(buffer);
        }
    }

    private void forgetMinibatches() {
        minibatches.values().forEach(Minibatch::close);
        minibatches.clear();
    }

    private Minibatch minibatch(int count) {
        Minibatch known = minibatches.get(count);
        if (known != null) {
            return known;
        }
        Minibatch made = new Minibatch(count, Objects.requireNonNull(source));
        minibatches.put(count, made);
        return made;
    }

    private void forwardAndLoss(Minibatch batch, TrainingPass pass) {
        // Stale at the start of every minibatch, so that a recording holds the preparation of the weights.
        model.parametersChanged();
        gather(batch);
        device.rollout().expandPlanes(batch.count, program, batch.packed, pass.planes());
        pass.forward();
        device.elementwise().fill(metrics.all(), 0);
        device.ppoLoss()
                .lossAndGradient(
                        batch.count,
                        model.spec().actions(),
                        lossSettings,
                        pass.logits(),
                        batch.masks,
                        batch.actions,
                        batch.oldLogProbabilities,
                        batch.advantages,
                        pass.value(),
                        batch.oldValues,
                        batch.returns,
                        optimizer.lossScale(),
                        pass.dLogits(),
                        pass.dValue(),
                        metrics.all());
    }

    private void gather(Minibatch batch) {
        Source source = batch.source;
        RolloutKernels rollout = device.rollout();
        rollout.gatherRows(batch.count, program.recordBytes(), source.packed, batch.index, batch.packed);
        rollout.gatherRows(batch.count, maskWords, source.masks, batch.index, batch.masks);
        rollout.gatherRows(batch.count, 1, source.actions, batch.index, batch.actions);
        rollout.gatherRows(batch.count, 1, source.logProbabilities, batch.index, batch.oldLogProbabilities);
        rollout.gatherRows(batch.count, 1, source.values, batch.index, batch.oldValues);
        rollout.gatherRows(batch.count, 1, source.advantages, batch.index, batch.advantages);
        rollout.gatherRows(batch.count, 1, source.returns, batch.index, batch.returns);
    }

    private void backwardAndStep(TrainingPass pass) {
        optimizer.zeroGradients();
        pass.backward();
        optimizer.step();
    }

    private void step(Minibatch batch, Slice slot, double learningRate) {
        optimizer.setLearningRate(learningRate);
        batch.step.run();
        device.elementwise().copy(optimizer.control().range(OptimizerKernels.GRADIENT_NORM, 1), slot.range(NORM, 1));
        model.parametersChanged();
    }

    private void shuffle(int rows) {
        for (int i = rows - 1; i > 0; i--) {
            int j = shuffling.nextInt(i + 1);
            int swap = permutation[i];
            permutation[i] = permutation[j];
            permutation[j] = swap;
        }
        MemorySegment.copy(permutation, 0, hostOrder, I32, 0, rows);
        device.write(new Slice(order, 0, rows), hostOrder);
    }

    private double meanKl(Slice slot) {
        hostSlots.readFrom(slot);
        return hostSlots.get(PpoLossKernels.KL_LOW_VARIANCE) / hostSlots.get(PpoLossKernels.ROWS);
    }

    /**
     * Moves the running statistics toward those of the whole rollout. Chunks are minibatches of the last epoch's
     * shuffled order: their mean statistics then lack nothing but chance differences between chunks.
     */
    private void refreshStatistics(int rows) {
        Slice statistics = model.parameters().statistics();
        if (statistics.length() == 0) {
            return;
        }
        ElementwiseKernels elementwise = device.elementwise();
        double momentum = settings.statisticsMomentum();
        Slice saved = new Slice(savedStatistics, 0, statistics.length());
        elementwise.copy(statistics, saved);
        for (int from = 0; from < rows; from += minibatchSize) {
            Minibatch batch = minibatch(Math.min(minibatchSize, rows - from));
            elementwise.copy(new Slice(order, from, batch.count), batch.index);
            device.rollout()
                    .gatherRows(batch.count, program.recordBytes(), batch.source.packed, batch.index, batch.packed);
            TrainingPass pass = model.trainingPass(batch.count);
            device.rollout().expandPlanes(batch.count, program, batch.packed, pass.planes());
            model.observeStatistics(batch.count, pass.planes(), (double) batch.count / (from + batch.count));
        }
        if (momentum < 1) {
            elementwise.scale(statistics, momentum);
            elementwise.scale(saved, 1 - momentum);
            elementwise.accumulate(saved, statistics);
        }
        model.parametersChanged();
    }

    private PpoMetrics summarize(
            ExperienceBuffer buffer, int rows, int evaluated, int stepsTaken, double learningRate, boolean stopped) {
        hostSlots.readFrom(new Slice(slots, 0, evaluated * SLOT));
        double norms = 0;
        int applied = 0;
        for (int i = 0; i < stepsTaken; i++) {
            double norm = hostSlots.get(i * SLOT + NORM);
            if (Double.isFinite(norm)) {
                norms += norm;
                applied++;
            }
        }
        return new PpoMetrics(
                mean(PpoLossKernels.POLICY_LOSS, evaluated),
                mean(PpoLossKernels.VALUE_LOSS, evaluated),
                mean(PpoLossKernels.ENTROPY, evaluated),
                mean(PpoLossKernels.KL_PLAIN, evaluated),
                mean(PpoLossKernels.KL_LOW_VARIANCE, evaluated),
                mean(PpoLossKernels.CLIPPED, evaluated),
                explainedVariance(buffer, rows),
                applied == 0 ? Double.NaN : norms / applied,
                learningRate,
                hostSlots.get(PpoLossKernels.MAX_RATIO_DEVIATION),
                mean(PpoLossKernels.KL_LOW_VARIANCE, 1),
                rows,
                stepsTaken,
                stepsTaken - applied,
                stopped);
    }

    private double mean(int metric, int evaluated) {
        double sum = 0;
        double rows = 0;
        for (int i = 0; i < evaluated; i++) {
            sum += hostSlots.get(i * SLOT + metric);
            rows += hostSlots.get(i * SLOT + PpoLossKernels.ROWS);
        }
        return sum / rows;
    }

    private double explainedVariance(ExperienceBuffer buffer, int rows) {
        hostRows.readFrom(buffer.returns());
        for (int i = 0; i < rows; i++) {
            rowReturns[i] = hostRows.get(i);
        }
        hostRows.readFrom(buffer.values());
        double meanReturn = 0;
        double meanError = 0;
        for (int i = 0; i < rows; i++) {
            meanReturn += rowReturns[i] / rows;
            meanError += (rowReturns[i] - hostRows.get(i)) / rows;
        }
        double returnSquares = 0;
        double errorSquares = 0;
        for (int i = 0; i < rows; i++) {
            double deviation = rowReturns[i] - meanReturn;
            double error = rowReturns[i] - hostRows.get(i) - meanError;
            returnSquares += deviation * deviation;
            errorSquares += error * error;
        }
        return returnSquares == 0 ? Double.NaN : 1 - errorSquares / returnSquares;
    }

    /** The rollout's arrays, all rows. */
    private static final class Source {
        private final ExperienceBuffer buffer;
        private final int rows;
        private final Slice packed;
        private final Slice masks;
        private final Slice actions;
        private final Slice logProbabilities;
        private final Slice values;
        private final Slice advantages;
        private final Slice returns;

        Source(ExperienceBuffer buffer) {
            this.buffer = buffer;
            rows = buffer.rows();
            packed = buffer.packed();
            masks = buffer.masks();
            actions = buffer.actions();
            logProbabilities = buffer.logProbabilities();
            values = buffer.values();
            advantages = buffer.advantages();
            returns = buffer.returns();
        }
    }

    /** The operands of a minibatch with {@code count} rows of a source, and what is done with them. */
    private final class Minibatch implements AutoCloseable {
        private final int count;
        private final Source source;
        private final RecordedWork loss;
        private final RecordedWork step;
        private final Slice index;
        private final Slice packed;
        private final Slice masks;
        private final Slice actions;
        private final Slice oldLogProbabilities;
        private final Slice oldValues;
        private final Slice advantages;
        private final Slice returns;

        Minibatch(int count, Source source) {
            this.count = count;
            this.source = source;
            index = new Slice(PpoUpdate.this.index, 0, count);
            packed = new Slice(PpoUpdate.this.packed, 0, count * program.recordBytes());
            masks = new Slice(PpoUpdate.this.masks, 0, count * maskWords);
            actions = new Slice(PpoUpdate.this.actions, 0, count);
            oldLogProbabilities = new Slice(PpoUpdate.this.oldLogProbabilities, 0, count);
            oldValues = new Slice(PpoUpdate.this.oldValues, 0, count);
            advantages = new Slice(PpoUpdate.this.advantages, 0, count);
            returns = new Slice(PpoUpdate.this.returns, 0, count);
            TrainingPass pass = model.trainingPass(count);
            loss = device.record("minibatch loss", () -> forwardAndLoss(this, pass));
            step = device.record("minibatch step", () -> backwardAndStep(pass));
        }

        @Override
        public void close() {
            loss.close();
            step.close();
        }
    }
}
