/** Network modules, the actor-critic tower, the model registry. */
@org.jspecify.annotations.NullMarked
package keisei.nn;
