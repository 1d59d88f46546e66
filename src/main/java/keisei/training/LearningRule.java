package keisei.training;

import keisei.env.ObservationView;
import keisei.ppo.PpoAgent;

/**
 * What makes self-play learning right, kept in one place so that tests can break it and show that the learning test
 * notices. There is no switch for users.
 *
 * @param gaeSign sign of what comes from the next step, which belongs to the opponent
 * @param view whether positions are turned to the side to move
 */
record LearningRule(double gaeSign, ObservationView view) {
    /** The right one. */
    static final LearningRule STANDARD = new LearningRule(PpoAgent.SELF_PLAY_SIGN, ObservationView.RELATIVE);
}
