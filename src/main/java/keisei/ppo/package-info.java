/** Proximal policy optimisation for self-play: experience buffer, GAE, loss, agent. */
@org.jspecify.annotations.NullMarked
package keisei.ppo;
